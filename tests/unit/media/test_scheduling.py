"""Encoders must not take the machine from everybody else."""

import os
import sys
from pathlib import Path

import pytest

from efface.domain.media import EncodeSettings
from efface.media.reader import open_video
from efface.media.writer import create_video
from tests.conftest import ClipMaker


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads are looked up in /proc")
def test_av1_encoder_keeps_no_thread_at_realtime_priority(clips: ClipMaker, tmp_path: Path) -> None:
    policies: set[int] = set()
    with (
        open_video(clips.make("av1.mp4", codec="libsvtav1")) as reader,
        create_video(tmp_path / "out.mp4", reader, EncodeSettings()) as writer,
    ):
        for index, frame in enumerate(reader.frames()):
            writer.write(frame, index)
            if index > 1:
                policies |= {os.sched_getscheduler(int(t.name)) for t in Path("/proc/self/task").iterdir()}
    assert policies == {os.SCHED_OTHER}
