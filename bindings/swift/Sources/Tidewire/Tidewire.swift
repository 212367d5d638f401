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

    /// The version of the native library.
    public static var version: String { TidewireFFI.version() }

    /// A JSON text without white space between its tokens: numbers and strings stay as they are written.
    public static func compactJSON(_ json: String) -> String { TidewireFFI.compactJson(json: json) }
}
