"""Runs a command that dies with its parent: `parent_death.py PARENT_PID SIGNAL COMMAND...`.

Only the kernel's parent-death signal still works when SIGKILL kills the parent. It survives exec, so this file asks
for the signal and then becomes the command, under the same process id.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1

parent, death_signal, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal) != 0:
    sys.exit(f"prctl(PR_SET_PDEATHSIG): {os.strerror(ctypes.get_errno())}")
if os.getppid() != parent:
    # The parent died before we could ask; no signal will come.
    sys.exit(1)
try:
    os.execvp(command[0], command)
except OSError as error:
    sys.exit(f"{command[0]}: {error.strerror}")
