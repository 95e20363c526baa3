"""Short clips made long enough to time, without a re-encode."""

from pathlib import Path

import av


def loop_clip(source: Path, output: Path, min_frames: int) -> int:
    """Write a clip several times in a row by copying its packets; gives the number of frames.

    The last picture of a round is followed by the first of the next, a hard cut.
    """
    frames, rounds = 0, 0
    with av.open(str(output), "w") as written:
        shift_s = 0.0
        streams: dict[int, av.stream.Stream] = {}
        while frames < min_frames:
            with av.open(str(source)) as opened:
                chosen = [opened.streams.video[0], *opened.streams.audio[:1]]
                if not streams:
                    streams = {each.index: written.add_stream_from_template(each) for each in chosen}
                end_s = shift_s
                for packet in opened.demux(chosen):
                    if packet.dts is None or packet.pts is None:
                        continue
                    base = packet.time_base
                    shift = round(shift_s / base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    end_s = max(end_s, float((packet.pts + (packet.duration or 0)) * base))
                    frames += packet.stream.type == "video"
                    packet.stream = streams[packet.stream.index]
                    written.mux(packet)
            shift_s = end_s
            rounds += 1
    return frames
