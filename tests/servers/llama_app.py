"""Serves a tiny model with llama.cpp's own HTTP server: python llama_app.py PORT FOLDER

Writes the model into FOLDER. Its weights are random numbers, so its replies are noise; tokenizer, sampler and server are the real ones.
"""

import pathlib
import sys
import threading

import gguf
import numpy
import xllamacpp

WIDTH, LAYERS, HEADS, INNER, CONTEXT = 64, 2, 4, 128, 32_768
# In addition to one token per byte value, some of which are parts of characters.
PIECES = ["\u2581", *map(chr, range(33, 127)), "\u2581tide", "\u2581in", "\u2581out", "潮", "水", "🌊", '\u2581"', "\u2581\\"]


def vocabulary():
    kind = gguf.TokenType
    yield from [("<unk>", kind.UNKNOWN), ("<s>", kind.CONTROL), ("</s>", kind.CONTROL)]
    yield from ((f"<0x{byte:02X}>", kind.BYTE) for byte in range(256))
    yield from ((piece, kind.NORMAL) for piece in PIECES)


def shapes(words):
    """The name and shape of every tensor; vectors are norms and filled with ones."""
    yield "token_embd.weight", (words, WIDTH)
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        yield f"{block}.attn_norm.weight", (WIDTH,)
        for name in ["attn_q", "attn_k", "attn_v", "attn_output"]:
            yield f"{block}.{name}.weight", (WIDTH, WIDTH)
        yield f"{block}.ffn_norm.weight", (WIDTH,)
        yield f"{block}.ffn_gate.weight", (INNER, WIDTH)
        yield f"{block}.ffn_up.weight", (INNER, WIDTH)
        yield f"{block}.ffn_down.weight", (WIDTH, INNER)
    yield "output_norm.weight", (WIDTH,)
    yield "output.weight", (words, WIDTH)


def make(path):
    words, kinds = zip(*vocabulary())
    file = gguf.GGUFWriter(path, "llama")
    file.add_name("tide-noise")
    file.add_context_length(CONTEXT)
    file.add_embedding_length(WIDTH)
    file.add_block_count(LAYERS)
    file.add_feed_forward_length(INNER)
    file.add_head_count(HEADS)
    file.add_head_count_kv(HEADS)
    file.add_rope_dimension_count(WIDTH // HEADS)
    file.add_layer_norm_rms_eps(1e-5)
    file.add_vocab_size(len(words))
    file.add_file_type(gguf.LlamaFileType.ALL_F32)
    file.add_tokenizer_model("llama")
    file.add_tokenizer_pre("default")
    file.add_token_list([word.encode() for word in words])
    file.add_token_types(list(kinds))
    file.add_token_scores([-float(place) for place in range(len(words))])
    file.add_unk_token_id(0)
    file.add_bos_token_id(1)
    file.add_eos_token_id(2)
    file.add_chat_template("{% for message in messages %}{{ message['role'] }}: {{ message['content'] }} {% endfor %}")
    random = numpy.random.default_rng(1)
    for name, shape in shapes(len(words)):
        tensor = numpy.ones(shape) if len(shape) == 1 else random.standard_normal(shape)
        file.add_tensor(name, tensor.astype(numpy.float32))
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


def serve(path, port):
    settings = xllamacpp.CommonParams()
    settings.model.path = str(path)
    settings.hostnames = ["127.0.0.1"]
    settings.port = port
    settings.n_ctx = CONTEXT
    settings.n_parallel = 1
    settings.cpuparams.n_threads = 1
    settings.warmup = False
    settings.endpoint_slots = True
    server = xllamacpp.Server(settings)
    print(server.listening_address, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    model = pathlib.Path(sys.argv[2]) / "tide.gguf"
    make(model)
    serve(model, int(sys.argv[1]))
