// Prints the events of a stream, with C++'s own means: a stream that frees itself, and texts as string views.
//
// Usage: example URL
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include <tidewire.h>

namespace {

struct Free {
    void operator()(tidewire_stream *stream) const { tidewire_stream_free(stream); }
};

using Stream = std::unique_ptr<tidewire_stream, Free>;

Stream open(const std::string &options) {
    tidewire_stream *stream = nullptr;
    tidewire_error error;
    if (tidewire_open(nullptr, TIDEWIRE_EVENTS, options.c_str(), nullptr, &stream, &error) != TIDEWIRE_OK) {
        throw std::invalid_argument(error.message);
    }
    return Stream(stream);
}

std::string_view view(const tidewire_text &text) { return text.bytes == nullptr ? std::string_view() : std::string_view(text.bytes, text.length); }

}  // namespace

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    try {
        open("{\"url\":\"not a URL\"}");
        return 1;
    } catch (const std::invalid_argument &expected) {
        std::cerr << "as expected: " << expected.what() << "\n";
    }
    Stream stream = open("{\"url\":\"" + std::string(argv[1]) + "\",\"retryDelay\":1}");
    tidewire_event event;
    tidewire_error error;
    while (tidewire_next(stream.get(), 30000, &event, &error) == TIDEWIRE_EVENT) {
        if (event.kind == TIDEWIRE_KIND_EVENT) std::cout << view(event.id) << ' ' << view(event.data) << '\n';
    }
    std::cout << tidewire_code_name(event.end.code) << ' ' << event.end.stats.events << std::endl;
    stream.reset();
    tidewire_shutdown();
    return event.end.code == TIDEWIRE_CODE_COMPLETE ? 0 : 1;
}
