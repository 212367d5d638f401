import Foundation

/// A value behind a lock. It is the only type of the package whose safety the compiler does not check.
final class Locked<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value

    init(_ value: Value) {
        self.value = value
    }

    func with<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}

/// A value that somebody waits for. The first one counts.
final class Once<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case awaited(CheckedContinuation<Value, Never>)
        case filled(Value)
    }

    private let state = Locked(State.empty)

    func fill(_ value: Value) {
        let waiter: CheckedContinuation<Value, Never>? = state.with { state in
            switch state {
            case .empty:
                state = .filled(value)
                return nil
            case .awaited(let waiter):
                state = .filled(value)
                return waiter
            case .filled:
                return nil
            }
        }
        // Not under the lock: see `Source.fill`.
        waiter?.resume(returning: value)
    }

    /// To be called once.
    func wait() async -> Value {
        await withCheckedContinuation { waiter in
            let filled: Value? = state.with { state in
                if case .filled(let value) = state { return value }
                state = .awaited(waiter)
                return nil
            }
            if let filled { waiter.resume(returning: filled) }
        }
    }
}
