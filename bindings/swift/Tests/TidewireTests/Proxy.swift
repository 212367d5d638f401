import Foundation
import Glibc

/// Stands between a stream and its server, and lets connections die.
final class Proxy: Sendable {
    private enum Fate: Equatable {
        case alive
        /// It stays open, and nothing comes through any more.
        case silent
    }

    private struct State {
        var isOver = false
        /// The sockets of each connection, while it is open, and what became of it.
        var connections: [Int: (client: Int32, server: Int32, fate: Fate)] = [:]
        var count = 0
    }

    let url: String
    private let server: UInt16
    private let listener: Int32
    private let state = Locked(State())

    init(_ url: String) throws {
        guard let port = URL(string: url)?.port else { throw Failure("\(url) has no port") }
        server = UInt16(port)
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.address(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        guard isBound else { throw Failure("no port is free") }
        self.url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        Thread.detachNewThread { self.accept() }
    }

    /// The connections that are open now stay so, and are silent.
    func silence() {
        state.with { state in for number in state.connections.keys { state.connections[number]?.fate = .silent } }
    }

    /// Closes all connections, as a server that restarts does.
    func restart() {
        state.with { state in
            for connection in state.connections.values {
                shutdown(connection.client, Int32(SHUT_RDWR))
                shutdown(connection.server, Int32(SHUT_RDWR))
            }
        }
    }

    func stop() {
        state.with { $0.isOver = true }
        restart()
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private static func address(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            if client < 0 || state.with({ $0.isOver }) { return }
            let upstream = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = Self.address(server)
            let isConnected = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(upstream, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            guard isConnected else {
                close(client)
                close(upstream)
                continue
            }
            let number = state.with { state in
                state.count += 1
                state.connections[state.count] = (client, upstream, .alive)
                return state.count
            }
            Thread.detachNewThread {
                let isUpOver = DispatchSemaphore(value: 0)
                Thread.detachNewThread {
                    self.pump(number, from: client, to: upstream)
                    isUpOver.signal()
                }
                self.pump(number, from: upstream, to: client)
                isUpOver.wait()
                self.state.with { _ = $0.connections.removeValue(forKey: number) }
                close(client)
                close(upstream)
            }
        }
    }

    private func pump(_ number: Int, from source: Int32, to target: Int32) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            if count <= 0 { break }
            if state.with({ $0.connections[number]?.fate }) == .silent { continue }
            if send(target, buffer, count, Int32(MSG_NOSIGNAL)) < count { break }
        }
        shutdown(source, Int32(SHUT_RDWR))
        if state.with({ $0.connections[number]?.fate }) != .silent { shutdown(target, Int32(SHUT_RDWR)) }
    }
}
