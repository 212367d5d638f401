"""A test server on Flask and gunicorn: threaded WSGI, bodies from plain generators.

gunicorn --bind 127.0.0.1:PORT flask_app:app     (in this folder, because it reads gunicorn.conf.py)
"""

import os
import time

from flask import Flask, Response, request

import wire

app = Flask(__name__)


@app.get("/events")
def events():
    first = wire.first_after(request.headers.get("Last-Event-ID"))
    last = request.args.get("n", 10, int)
    if first > last:
        return Response(status=204)
    interval = interval_seconds()

    def body():
        for number in range(first, last + 1):
            yield event(number)
            time.sleep(interval)

    return sse(body())


@app.post("/chat")
def chat():
    interval = interval_seconds()

    def body():
        for chunk in wire.chat_chunks():
            yield f"data: {chunk}\n\n"
            time.sleep(interval)

    return sse(body())


@app.get("/ndjson")
def ndjson():
    count = request.args.get("n", 10, int)
    interval = interval_seconds()

    def body():
        for index in range(count):
            yield wire.ndjson_line(index)
            time.sleep(interval)

    return Response(body(), content_type="application/x-ndjson")


@app.get("/silent")
def silent():
    silence = request.args.get("ms", wire.SILENCE_MS, int) / 1000

    def body():
        yield event(1)
        time.sleep(silence)
        yield event(2) + event(3)

    return sse(body())


@app.route("/cut", methods=["GET", "POST"])
def cut():
    """Breaks inside a character of an event, by an exception in the generator, or with `how=exit` by the exit of the worker process."""
    first = wire.first_after(request.headers.get("Last-Event-ID"))
    last = request.args.get("n", 10, int)
    after = request.args.get("after", 3, int)
    how = request.args.get("how", "raise")
    if first > last:
        return Response(status=204)

    def body():
        for number in range(first, min(first + after, last + 1)):
            yield event(number)
        if first + after <= last:
            yield event(first + after).encode()[:-4]
            if how == "exit":
                os._exit(1)
            raise RuntimeError("cut on request")

    return sse(body())


@app.get("/error")
def error():
    return wire.ERROR, 503


def event(number: int) -> str:
    return f"id: {number}\ndata: {wire.event_data(number)}\n\n"


def sse(body) -> Response:
    return Response(body, content_type="text/event-stream", headers={"Cache-Control": "no-cache"})


def interval_seconds() -> float:
    return request.args.get("interval_ms", 10, int) / 1000
