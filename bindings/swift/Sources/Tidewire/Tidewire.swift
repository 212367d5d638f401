import Foundation
internal import TidewireFFI

/// A streaming HTTP client. All of its types are members of this one.
public enum Tidewire {
    /// A stream of the client that all callers share. Nothing is sent before its first item is asked for.
    ///
    ///     for try await event in Tidewire.stream(url, .post(json: question)) { … }
    public static func stream(_ url: String, _ request: Request = .get) -> Stream {
        Client.shared.stream(url, request)
    }

    /// The same for a `URL`.
    public static func stream(_ url: URL, _ request: Request = .get) -> Stream {
        Client.shared.stream(url, request)
    }

    /// Requests from now on use new connections, in every client: another network is used, or the device has slept. The requests that are
    /// under way keep theirs, see ``Stream/check(away:)`` and ``Stream/reconnect()``. A ``Lifecycle`` calls this.
    public static func forgetConnections() { TidewireFFI.forgetConnections() }

    /// The version of the native library.
    public static var version: String { TidewireFFI.version() }

    /// A JSON text without white space between its tokens: numbers and strings stay as they are written.
    public static func compactJSON(_ json: String) -> String { TidewireFFI.compactJson(json: json) }
}
