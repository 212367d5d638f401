import Tidewire

struct Question: Encodable {
    let model: String
    let prompt: String
}

let server = CommandLine.arguments.dropFirst().first ?? "http://localhost:8787"
let request = Tidewire.Request.post(json: Question(model: "m", prompt: "why?")).with {
    $0.onStall = { print("… the server has been silent for \($0.silent)") }
}
let answer = Tidewire.stream("\(server)/llm?dialect=anthropic&interval_ms=5", request)
do {
    for try await case .text(let text, choice: _) in answer.deltas() {
        print(text, terminator: "")
    }
} catch let end as TidewireError {
    print("\(end.code): \(end.message)")
}
for call in answer.reply?.toolCalls ?? [] {
    print("\n\(call.name)(\(call.argumentsText))")
}
if let result = answer.result {
    print(result)
}
