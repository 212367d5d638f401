import Foundation

extension Tidewire {
    /// A request without its URL: a method and a body, and any ``Options`` by ``with(_:)``.
    ///
    ///     .post(json: question).with { $0.idleTimeout = .seconds(30) }
    public struct Request: Sendable {
        /// What it changes of the client's defaults, in order.
        let changes: [@Sendable (inout Options) -> Void]

        /// A GET request.
        public static var get: Request { Request(changes: []) }

        /// A POST request with a value as JSON.
        public static func post(json value: some Encodable, encoder: JSONEncoder = JSONEncoder()) -> Request {
            let body: Options.Body
            do {
                body = .json(String(decoding: try encoder.encode(value), as: UTF8.self))
            } catch {
                body = .unusable("the body cannot be written as JSON: \(error)")
            }
            return Request(changes: [{ $0.bodies.append(body) }])
        }

        /// A POST request with JSON text.
        public static func post(jsonText text: String) -> Request {
            Request(changes: [{ $0.bodies.append(.json(text)) }])
        }

        /// A POST request with bytes.
        public static func post(_ body: Data) -> Request {
            Request(changes: [{ $0.bodies.append(.bytes(body)) }])
        }

        /// A POST request with the fields of a form.
        public static func post(form fields: KeyValuePairs<String, String>) -> Request {
            let fields = fields.map { Header(name: $0.key, value: $0.value) }
            return Request(changes: [{ $0.bodies.append(.form(fields)) }])
        }

        /// A GET request with options.
        public static func with(_ change: @escaping @Sendable (inout Options) -> Void) -> Request {
            get.with(change)
        }

        /// The same request with options.
        public func with(_ change: @escaping @Sendable (inout Options) -> Void) -> Request {
            Request(changes: changes + [change])
        }
    }

    /// A header, or another name with its value.
    public struct Header: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// How a body is framed.
    public enum Format: String, Sendable, CaseIterable {
        /// By the content type, or else by the first byte.
        case auto
        /// Server-sent events.
        case sse
        /// A JSON value on each line.
        case ndjson
        /// RFC 7464.
        case jsonSeq = "json-seq"
        /// The elements of one array.
        case jsonArray = "json-array"
        /// JSON values one after the other.
        case concat
        /// UTF-8 text.
        case text
    }

    /// Whether a stream that breaks continues where it broke.
    public enum Resume: String, Sendable {
        /// If its request may be sent twice.
        case auto
        /// Whatever its method.
        case always
        case never
    }

    /// Where the cursor of a JSON record is, and where a request carries it.
    public struct Cursor: Sendable, Hashable {
        enum Place: Sendable { case query, header, body }

        let path: String
        let place: Place
        let name: String

        /// Taken from the field at `path` in each record (`seq`, `meta.offset`), and sent as a query parameter.
        public static func query(_ path: String, as name: String) -> Cursor { Cursor(path: path, place: .query, name: name) }

        /// The same, sent as a header.
        public static func header(_ path: String, as name: String) -> Cursor { Cursor(path: path, place: .header, name: name) }

        /// The same, sent as a top-level field of the JSON body.
        public static func body(_ path: String, as name: String) -> Cursor { Cursor(path: path, place: .body, name: name) }
    }
}
