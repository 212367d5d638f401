import Foundation

/// A JSON value, for the files of the tests.
enum JSON: Decodable, Hashable, CustomStringConvertible {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let found = try? value.decode(Bool.self) {
            self = .bool(found)
        } else if let found = try? value.decode(Double.self) {
            self = .number(found)
        } else if let found = try? value.decode(String.self) {
            self = .string(found)
        } else if let found = try? value.decode([JSON].self) {
            self = .array(found)
        } else {
            self = .object(try value.decode([String: JSON].self))
        }
    }

    static func of(_ text: String) throws -> JSON {
        try JSONDecoder().decode(JSON.self, from: Data(text.utf8))
    }

    var string: String {
        get throws {
            guard case .string(let found) = self else { throw Failure("\(self) is no string") }
            return found
        }
    }

    var int: Int {
        get throws {
            guard case .number(let found) = self else { throw Failure("\(self) is no number") }
            return Int(found)
        }
    }

    var bool: Bool {
        get throws {
            guard case .bool(let found) = self else { throw Failure("\(self) is no boolean") }
            return found
        }
    }

    var strings: [String] {
        get throws {
            guard case .array(let found) = self else { throw Failure("\(self) is no array") }
            return try found.map { try $0.string }
        }
    }

    var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let value): value == value.rounded() ? "\(Int(value))" : "\(value)"
        case .string(let value): "\"\(value)\""
        case .array(let values): "\(values)"
        case .object(let values): "\(values)"
        }
    }
}

extension JSON: Encodable {
    func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .null: try value.encodeNil()
        case .bool(let found): try value.encode(found)
        case .number(let found): try value.encode(found)
        case .string(let found): try value.encode(found)
        case .array(let found): try value.encode(found)
        case .object(let found): try value.encode(found)
        }
    }
}
