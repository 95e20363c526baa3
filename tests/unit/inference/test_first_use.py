"""A fresh process whose threads all ask at once: what is set up on first use must not tie them up."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.weights

ASK_AT_ONCE = """
import sys
import threading
import numpy as np
from efface.inference.session import Backend, open_session
from efface.inference.weights import find_weights

session = open_session(find_weights("centerface").path, Backend.OPENVINO)
picture = np.zeros((64, 96, 3), np.uint8)
with session._request(64, 96):
    pass  # compiled, so that the threads meet at the first inference
sys.setswitchinterval(1e-6)  # threads take turns at every step, so that they do meet
start = threading.Barrier(16)

def ask():
    start.wait()
    session.infer(picture)

threads = [threading.Thread(target=ask) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_first_inferences_of_several_threads_do_not_wait_for_each_other() -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", ASK_AT_ONCE], check=True, timeout=60, env=environment)
