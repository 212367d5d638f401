// Prints the events of a stream, and stops another one from a goroutine, through cgo.
//
// Usage: tidewire-example URL STALLED_URL, built with CGO_CFLAGS and CGO_LDFLAGS that name the folders of the header and the library.
package main

/*
#cgo LDFLAGS: -ltidewire_ffi
#include <stdlib.h>
#include <tidewire.h>
*/
import "C"

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
	"unsafe"
)

// Event is an event of an SSE stream.
type Event struct{ Name, Data, ID string }

// ErrStopped says that the stream was stopped.
var ErrStopped = errors.New("stopped")

// Stream reads events. Stop may be called from any goroutine.
type Stream struct{ stream *C.tidewire_stream }

func text(from C.tidewire_text) string {
	return C.GoStringN(from.bytes, C.int(from.length))
}

// Open opens a stream of events.
func Open(options map[string]any) (*Stream, error) {
	encoded, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	given := C.CString(string(encoded))
	defer C.free(unsafe.Pointer(given))
	stream := &Stream{}
	var problem C.tidewire_error
	if C.tidewire_open(nil, C.TIDEWIRE_EVENTS, given, nil, &stream.stream, &problem) != C.TIDEWIRE_OK {
		return nil, errors.New(C.GoString(&problem.message[0]))
	}
	return stream, nil
}

// Each calls a function with every event. It returns nil after a success.
func (s *Stream) Each(do func(Event)) error {
	var event C.tidewire_event
	var problem C.tidewire_error
	for {
		switch C.tidewire_next(s.stream, -1, &event, &problem) {
		case C.TIDEWIRE_EVENT:
			if event.kind == C.TIDEWIRE_KIND_EVENT {
				do(Event{text(event.name), text(event.data), text(event.id)})
			}
		case C.TIDEWIRE_END:
			switch event.end.code {
			case C.TIDEWIRE_CODE_COMPLETE, C.TIDEWIRE_CODE_ENDED:
				return nil
			case C.TIDEWIRE_CODE_CANCELLED:
				return ErrStopped
			}
			return errors.New(text(event.end.message))
		case C.TIDEWIRE_ERROR:
			return errors.New(C.GoString(&problem.message[0]))
		}
	}
}

// Stop ends the stream.
func (s *Stream) Stop() { C.tidewire_stop(s.stream) }

// Close frees the stream, which is not used any more.
func (s *Stream) Close() { C.tidewire_stream_free(s.stream) }

func run(url, stalled string) error {
	stream, err := Open(map[string]any{"url": url, "retryDelay": 1})
	if err != nil {
		return err
	}
	defer stream.Close()
	count := 0
	err = stream.Each(func(event Event) {
		count++
		fmt.Println(event.ID, event.Data)
	})
	if err != nil {
		return err
	}
	fmt.Println(count, "events")

	waiting, err := Open(map[string]any{"url": stalled})
	if err != nil {
		return err
	}
	defer waiting.Close()
	time.AfterFunc(100*time.Millisecond, waiting.Stop)
	if err := waiting.Each(func(Event) {}); err != ErrStopped {
		return fmt.Errorf("it was not stopped: %v", err)
	}
	if _, err := Open(map[string]any{"url": url, "retryDelai": 1}); err == nil {
		return errors.New("an option that does not exist was accepted")
	}
	return nil
}

func main() {
	if len(os.Args) != 3 {
		os.Exit(2)
	}
	err := run(os.Args[1], os.Args[2])
	C.tidewire_shutdown()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
