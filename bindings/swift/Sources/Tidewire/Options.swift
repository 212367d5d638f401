import Foundation
internal import TidewireFFI

extension Tidewire {
    /// A function that looks at the request of one attempt, and changes it. It may sleep: it delays its own stream alone.
    public typealias RequestFunction = @Sendable (inout AttemptRequest) async throws -> Void

    /// A function that hears a notice, in the task that reads the stream. If it throws, the loop ends with its error.
    public typealias NoticeFunction<Notice> = @Sendable (Notice) async throws -> Void

    /// The parts of a request, and how its response is read. What is `nil` has the default of the documentation.
    public struct Options: Sendable {
        public init() {}

        /// The method: GET by default, and POST with a body.
        public var method: String?

        /// How the body is framed; found out from the content type by default.
        public var format: Format?

        /// The dialect in which `texts` and `frames` read an LLM's reply.
        public var dialect: Dialect?

        /// The most bytes of one record; 16 MiB by default.
        public var maxEventBytes: Int?

        /// Leave out records beyond that, and report them to `onBadRecord`.
        public var skipOversized = false

        /// Deliver an SSE block whose blank line is missing at the end.
        public var deliverUnterminated = false

        /// End markers: a data value (`[DONE]`), `event:NAME` or `json:PATH=VALUE`. An empty list turns the default off.
        public var endOn: [String]?

        /// Failure markers, written in the same way. An empty list turns the default (`event:error`) off.
        public var failOn: [String]?

        /// Heartbeat markers, written in the same way: such a record is treated as a comment.
        public var heartbeatOn: [String] = []

        /// A subscription: connects again after every end, without limit.
        public var follow = false

        /// Sending the request twice has the same effect as sending it once, so it may be repeated.
        public var idempotent = false

        /// The same, with one `Idempotency-Key` for all attempts.
        public var idempotencyKey: String?

        /// Whether a stream that breaks continues where it broke.
        public var resume = Resume.auto

        /// Where the cursor is in formats without event ids.
        public var cursor: Cursor?

        /// Where an earlier stream stopped: its ``Stream/lastEventId``.
        public var lastEventId: String?

        /// Leave out records that an earlier attempt delivered.
        public var dedupe = false

        /// Retries in a row, not counting the first request; 3 by default.
        public var retryAttempts: Int?

        /// The upper bound of the first wait before a retry; 1 s by default.
        public var retryDelay: Duration?

        /// From sending the request to the first record; off by default. As for all limits, zero means off.
        public var firstEventTimeout: Duration?

        /// Silence on the wire that is cut; 300 s by default.
        public var idleTimeout: Duration?

        /// Time without records that is cut; off by default.
        public var progressTimeout: Duration?

        /// The whole stream; off by default.
        public var timeout: Duration?

        /// Silence on the wire that is reported to `onStall`; 15 s by default.
        public var stallAfter: Duration?

        /// What becomes of the stream while the app is in the background; by default what its ``Lifecycle`` says, if there is one.
        public var inBackground: InBackground?

        /// Called before each request, after the stream has decided to send it.
        public var onAttempt: NoticeFunction<Attempt>?

        /// Called when the wire has been silent for `stallAfter`.
        public var onStall: NoticeFunction<Stall>?

        /// Called where records are missing, or may be.
        public var onGap: NoticeFunction<Gap>?

        /// Called when a response repeats records.
        public var onReplayed: NoticeFunction<Replayed>?

        /// Called for a record that cannot be read, and for one that does not fit the type of `records`; the stream continues. Without
        /// this function the former is left out, and the loop ends at the latter with ``TidewireError/badRecord(_:)``.
        public var onBadRecord: NoticeFunction<BadRecord>?

        /// Adds a header.
        public mutating func header(_ name: String, _ value: String) {
            headers.append(Header(name: name, value: value))
        }

        /// Adds a header that is never shown, nor taken to another origin by a redirect.
        public mutating func secretHeader(_ name: String, _ value: String) {
            secretHeaders.append(Header(name: name, value: value))
        }

        /// Adds a parameter to the URL's query.
        public mutating func query(_ name: String, _ value: String) {
            query.append(Header(name: name, value: value))
        }

        /// Makes headers for each attempt, such as a fresh token.
        public mutating func headers(_ make: @escaping @Sendable (AttemptRequest) async throws -> [String: String]) {
            prepare { request in
                for (name, value) in try await make(request) { request.setHeader(name, value) }
            }
        }

        /// Looks at the request of each attempt as it would be sent, and changes it: to sign it, for instance. If it throws, the attempt
        /// counts as one that did not connect. Later functions see what earlier ones have set.
        public mutating func prepare(_ change: @escaping RequestFunction) {
            prepare.append(change)
        }

        /// Renews what the request carries after a 401, once in a row. What it changes holds for all later attempts.
        public mutating func refresh(_ change: @escaping RequestFunction) {
            refresh = change
        }

        /// Makes the request that continues a broken stream after ``AttemptRequest/cursor``, of the request without a cursor.
        public mutating func resume(_ change: @escaping RequestFunction) {
            resumeWith = change
        }

        enum Body: Sendable {
            case bytes(Data)
            case json(String)
            case form([Header])
            case unusable(String)
        }

        var bodies: [Body] = []
        private var headers: [Header] = []
        private var secretHeaders: [Header] = []
        private var query: [Header] = []
        private(set) var prepare: [RequestFunction] = []
        private(set) var refresh: RequestFunction?
        private(set) var resumeWith: RequestFunction?
    }
}

extension Tidewire.Options {
    func settings(url: String, dialect: Tidewire.Dialect?) throws -> RequestSettings {
        var settings = RequestSettings()
        settings.method = method
        settings.url = url
        settings.query = query.map(native)
        settings.headers = headers.map(native)
        settings.secretHeaders = secretHeaders.map(native)
        settings.format = format?.rawValue
        settings.dialect = dialect?.name
        settings.maxEventBytes = try maxEventBytes.map { try count("maxEventBytes", $0) }
        settings.skipOversized = skipOversized
        settings.deliverUnterminated = deliverUnterminated
        settings.endOn = endOn
        settings.failOn = failOn
        settings.heartbeatOn = heartbeatOn
        settings.follow = follow
        settings.idempotent = idempotent
        settings.idempotencyKey = idempotencyKey
        settings.resume = resume.rawValue
        settings.cursor = cursor.map(native)
        settings.lastEventId = lastEventId
        settings.dedupe = dedupe
        settings.retryAttempts = try retryAttempts.map { try count32("retryAttempts", $0) }
        settings.retryDelay = try retryDelay.map { try milliseconds("retryDelay", $0) }
        settings.firstEventTimeout = try firstEventTimeout.map { try limit("firstEventTimeout", $0) }
        settings.idleTimeout = try idleTimeout.map { try limit("idleTimeout", $0) }
        settings.progressTimeout = try progressTimeout.map { try limit("progressTimeout", $0) }
        settings.timeout = try timeout.map { try limit("timeout", $0) }
        settings.stallAfter = try stallAfter.map { try limit("stallAfter", $0) }
        for body in bodies {
            switch body {
            case .bytes(let bytes): settings.body = bytes
            case .json(let text): settings.json = text
            case .form(let fields): settings.form = fields.map(native)
            case .unusable(let problem): throw TidewireError.usage(problem)
            }
        }
        return settings
    }
}

extension Tidewire.Options {
    /// The body: bytes.
    public mutating func body(_ bytes: Data) {
        bodies.append(.bytes(bytes))
    }

    /// The body: JSON text.
    public mutating func jsonText(_ text: String) {
        bodies.append(.json(text))
    }

    /// The body: fields of a form.
    public mutating func form(_ fields: KeyValuePairs<String, String>) {
        bodies.append(.form(fields.map { Tidewire.Header(name: $0.key, value: $0.value) }))
    }
}
