import Foundation
import Testing
import Tidewire

extension AllTests {
    /// HTTPS with an authority that was made a moment ago.
    @Suite struct Tls {
        @Test func anAuthorityIsTrustedIfItsCertificateIsGivenAndOnlyThen() async throws {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tidewire-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            func file(_ name: String) -> String { folder.appendingPathComponent(name).path }
            let signed = ["-CA", file("authority.pem"), "-CAkey", file("authority-key.pem"), "-addext", "subjectAltName=IP:127.0.0.1"]
            try certificate("/CN=Tests", "CA:TRUE", file("authority"))
            try certificate("/CN=127.0.0.1", "CA:FALSE", file("server"), signed)
            try await Serve.run(["--tls-cert", file("server.pem"), "--tls-key", file("server-key.pem")]) { serve in
                #expect(serve.url.hasPrefix("https://"))
                let authority = try String(contentsOfFile: file("authority.pem"), encoding: .utf8)
                let client = Tidewire.Client { $0.caCertificates = authority }
                #expect(try await client.stream("\(serve.url)/notify?interval_ms=0").all().count == 10)
                let refused = try await failure(of: Tidewire.stream(serve.url, .with { $0.retryDelay = .milliseconds(1) }))
                #expect(refused.outcome == .unreachable)
                #expect(refused.message.contains("certificate"), "\(refused)")
                #expect(refused.result?.stats.attempts == 1, "it will not go away by itself")
            }
        }

        private func certificate(_ subject: String, _ constraints: String, _ name: String, _ signed: [String] = []) throws {
            let openssl = Process()
            openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            openssl.arguments =
                [
                    "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", subject, "-addext", "basicConstraints=critical,\(constraints)", "-keyout", "\(name)-key.pem", "-out", "\(name).pem",
                ] + signed
            let said = Pipe()
            openssl.standardError = said
            try openssl.run()
            let text = said.fileHandleForReading.readDataToEndOfFile()
            openssl.waitUntilExit()
            guard openssl.terminationStatus == 0 else { throw Failure(String(decoding: text, as: UTF8.self)) }
        }
    }
}
