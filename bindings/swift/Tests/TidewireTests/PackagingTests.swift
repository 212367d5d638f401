import Foundation
import Testing
import Tidewire

extension AllTests {
    /// The package as it is packed, and programs that use it.
    @Suite struct Packaging {
        private let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

        @Test func theExampleOfTheReadmeRunsAsPrinted() async throws {
            let readme = try String(contentsOf: package.appendingPathComponent("README.md"), encoding: .utf8)
            let printed = readme.components(separatedBy: "```swift\n").dropFirst().first?.components(separatedBy: "```").first
            let example = try String(contentsOf: package.appendingPathComponent("Example/main.swift"), encoding: .utf8)
            #expect(printed == example, "README.md and Example/main.swift differ")
            try await Serve.run { serve in
                let (said, status) = try run([serve.url])
                #expect(status == 0)
                let lines = said.split(separator: "\n")
                #expect(lines.count > 2, "\(said)")
                #expect(lines.last?.hasPrefix("complete, ") == true, "\(said)")
                #expect(said.contains("("), "there is no tool call: \(said)")
            }
        }

        @Test func theVersionIsThatOfTheLibrary() {
            #expect(Tidewire.version.split(separator: ".").count == 3)
        }

        private func run(_ arguments: [String]) throws -> (String, Int32) {
            // Beside the tests.
            let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("Example")
            let process = Process()
            process.executableURL = program
            process.arguments = arguments
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let said = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return (String(decoding: said, as: UTF8.self), process.terminationStatus)
        }
    }
}
