# What flask_app.py needs of gunicorn; read from the folder it is started in.
import os

worker_class = "gthread"
# A stream holds its thread for as long as it lasts.
threads = 16
# It would lie in the home directory, one for all.
control_socket_disable = True
# A test that ends, even by SIGKILL, leaves no worker waiting for a silent stream.
graceful_timeout = 1


def worker_exit(server, worker):
    os._exit(0)
