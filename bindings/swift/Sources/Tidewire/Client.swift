import Foundation
internal import TidewireFFI

extension Tidewire {
    /// What streams share: connections, headers, limits. Making one is cheap; the native part is made with the first stream.
    ///
    ///     let client = Tidewire.Client {
    ///         $0.baseURL = "https://api.example.com"
    ///         $0.maxConcurrent = 4
    ///     }
    public final class Client: Sendable {
        /// The client of `Tidewire.stream`.
        public static let shared = Client()

        private enum State {
            case new
            case made(NativeClient)
            case closed
        }

        private let options: ClientOptions
        private let state = Locked(State.new)

        public init(_ configure: (inout ClientOptions) -> Void = { _ in }) {
            var options = ClientOptions()
            configure(&options)
            self.options = options
        }

        /// A stream from a URL, or from the path after `baseURL`.
        public func stream(_ url: String, _ request: Request = .get) -> Stream {
            var options = options.defaults
            for change in request.changes { change(&options) }
            return Stream(Source(client: self, url: url, options: options))
        }

        /// The same for a `URL`.
        public func stream(_ url: URL, _ request: Request = .get) -> Stream {
            stream(url.absoluteString, request)
        }

        /// Gives up the client's connections. Streams that are open go on; no others begin.
        public func close() {
            state.with { $0 = .closed }
        }

        func open(_ kind: StreamKind, _ settings: RequestSettings, _ hooks: RequestHooks) throws -> NativeStream {
            try calling {
                let client = try state.with { state in
                    switch state {
                    case .closed:
                        throw TidewireError.usage("the client is closed")
                    case .made(let client):
                        return client
                    case .new:
                        let client = try NativeClient(settings: options.settings())
                        state = .made(client)
                        return client
                    }
                }
                return try client.open(kind: kind, settings: settings, hooks: hooks)
            }
        }
    }

    /// The settings of a ``Client``.
    public struct ClientOptions: Sendable {
        /// Put before the path of each request. The client's headers go to its origin.
        public var baseURL: String?

        /// URLs of other origins that get the client's headers.
        public var allowedOrigins: [String] = []

        /// Certificates (PEM) of authorities that are trusted besides the platform's.
        public var caCertificates: String?

        /// Until TCP and TLS are established; 10 s by default, zero for no limit.
        public var connectTimeout: Duration?

        /// How many streams may be open at a time; further streams wait in order.
        public var maxConcurrent: Int?

        /// How long a stream may wait for that.
        public var queueTimeout: Duration?

        /// What every request of the client begins with.
        public var defaults = Options()

        /// Adds a header that is sent with every request to the client's own origin: that of `baseURL`, or of its first request.
        public mutating func header(_ name: String, _ value: String) {
            headers.append(Header(name: name, value: value))
        }

        /// The same, and never shown nor taken elsewhere.
        public mutating func secretHeader(_ name: String, _ value: String) {
            secretHeaders.append(Header(name: name, value: value))
        }

        private var headers: [Header] = []
        private var secretHeaders: [Header] = []

        func settings() throws -> ClientSettings {
            ClientSettings(
                baseUrl: baseURL,
                headers: headers.map(native),
                secretHeaders: secretHeaders.map(native),
                allowedOrigins: allowedOrigins,
                caCertificates: caCertificates,
                connectTimeout: try connectTimeout.map { try limit("connectTimeout", $0) },
                maxConcurrent: try maxConcurrent.map { try count32("maxConcurrent", $0) },
                queueTimeout: try queueTimeout.map { try limit("queueTimeout", $0) }
            )
        }
    }
}
