import EtcdAPI
import ProtobufJSON
import SwiftProtobuf

/// Conversions by the path of a method.
enum Conversion {
    private static let schema = ProtobufSchema.etcd

    private static func method(_ path: String) throws -> MethodSchema {
        guard let method = schema.method(path) else { throw Missing() }
        return method
    }

    struct Missing: Error {}

    /// The wire form of the request with this JSON form.
    static func request(_ json: String, _ path: String = "/etcdserverpb.KV/Txn") throws -> [UInt8] {
        let message = try method(path).request
        return try value(Array(json.utf8)).withUnsafeBytes { bytes in
            try schema.wireBytes(fromJSON: bytes, of: message)
        }
    }

    /// The error of a request's JSON form; empty without one.
    static func error(_ json: some Sequence<UInt8>, _ path: String) -> String {
        do {
            let message = try method(path).request
            _ = try value(Array(json)).withUnsafeBytes { bytes in
                try schema.wireBytes(fromJSON: bytes, of: message)
            }
            return ""
        } catch {
            return (error as? JSONError)?.message ?? "\(error)"
        }
    }

    /// The JSON form of a response, converted in parts of `partBytes`.
    static func response(
        _ wire: [UInt8], _ path: String, partBytes: Int = .max
    ) throws -> String {
        var conversion = WireToJSON(schema, try method(path).response)
        var json: [UInt8] = []
        var rest = wire[...]
        while !rest.isEmpty {
            try Array(rest.prefix(partBytes)).withUnsafeBytes { try conversion.append($0) }
            rest = rest.dropFirst(partBytes)
            json += conversion.take()
        }
        try conversion.finish()
        return String(decoding: json + conversion.take(), as: UTF8.self)
    }

    /// The first value of a text.
    static func value(_ json: [UInt8]) throws -> [UInt8] {
        var scanner = JSONValueScanner()
        var position = 0
        let isComplete = try json.withUnsafeBytes { try scanner.scan($0, from: &position) }
        if !isComplete { _ = try scanner.finish() }
        return Array(json[..<position])
    }
}
