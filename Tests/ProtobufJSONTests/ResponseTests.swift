import EtcdAPI
import ProtobufJSON
import SwiftProtobuf
import Testing

/// Wire to JSON, compared with the protobuf library.
@Suite struct ResponseTests {
    private static let header = Etcdserverpb_ResponseHeader.with {
        $0.clusterID = .max
        $0.revision = -1
    }

    private static var range: Etcdserverpb_RangeResponse {
        .with {
            $0.header = header
            $0.more = true
            $0.count = 2
            $0.kvs = (0..<3).map { size in
                .with {
                    $0.key = .init(repeating: UInt8(250 + size), count: size)
                    $0.modRevision = Int64(size)
                }
            }
        }
    }

    @Test func theLibraryReadsWhatIsWritten() throws {
        let response = Etcdserverpb_TxnResponse.with {
            $0.header = Self.header
            $0.succeeded = true
            $0.responses = [
                .with { $0.responseRange = Self.range }, .with { $0.responseTxn = .init() },
                .with { $0.responseDeleteRange = .with { $0.deleted = 7 } },
            ]
        }
        let json = try Conversion.response(response.serializedBytes(), "/etcdserverpb.KV/Txn")
        #expect(try Etcdserverpb_TxnResponse(jsonString: json) == response)
        #expect(json.contains(#""succeeded":true,"responses":[{"response_range":{"header":"#))
        #expect(json.contains(#"{"response_txn":{}}"#))
    }

    @Test func aMessageMayArriveInPartsOfAnySize() throws {
        let bytes: [UInt8] = try Self.range.serializedBytes()
        let path = "/etcdserverpb.KV/Range"
        let whole = try Conversion.response(bytes, path)
        #expect(try Etcdserverpb_RangeResponse(jsonString: whole) == Self.range)
        for partBytes in 1...bytes.count {
            #expect(try Conversion.response(bytes, path, partBytes: partBytes) == whole)
        }
        for count in 1..<bytes.count where count != bytes.count - 2 {
            let parts = (try? Conversion.response(Array(bytes[..<count]), path)) ?? ""
            #expect(parts != whole)
        }
    }

    @Test func namesAndTextsAreWritten() throws {
        let alarms = Etcdserverpb_AlarmResponse.with {
            $0.alarms = [
                .with { $0.memberID = 77 }, .with { $0.alarm = .nospace },
                .with { $0.alarm = .UNRECOGNIZED(9) },
            ]
        }
        #expect(
            try Conversion.response(
                alarms.serializedBytes(), "/etcdserverpb.Maintenance/Alarm")
                == #"{"alarms":[{"memberID":"77"},{"alarm":"NOSPACE"},{"alarm":9}]}"#)
        let users = Etcdserverpb_AuthUserListResponse.with {
            $0.users = ["", "ü😀<&>", "\"\\\n\u{1}"]
        }
        #expect(
            try Conversion.response(users.serializedBytes(), "/etcdserverpb.Auth/UserList")
                == #"{"users":["","ü😀<&>","\"\\\n\u0001"]}"#)
        let hash = Etcdserverpb_HashKVResponse.with {
            $0.hash = .max
            $0.compactRevision = -1
        }
        #expect(
            try Conversion.response(hash.serializedBytes(), "/etcdserverpb.Maintenance/HashKV")
                == #"{"hash":4294967295,"compact_revision":"-1"}"#)
    }
}
