# gunicorn settings for flask_app.py; gunicorn reads them from the folder in which it starts.
import os

worker_class = "gthread"
# Each stream occupies a thread until it ends.
threads = 16
# The socket would be in the home directory, shared by all instances.
control_socket_disable = True
# After a test ends, even by SIGKILL, no worker keeps waiting for a silent stream.
graceful_timeout = 1


def worker_exit(server, worker):
    os._exit(0)
