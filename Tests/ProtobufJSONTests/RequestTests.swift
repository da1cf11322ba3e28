import EtcdAPI
import ProtobufJSON
import SwiftProtobuf
import Testing

/// JSON to wire, compared with the protobuf library.
@Suite struct RequestTests {
    private static let range = "/etcdserverpb.KV/Range"

    @Test(arguments: [
        #"{}"#, #" { } "#, #"{"compare":[],"success":null}"#,
        #"{"compare":[{"result":"NOT_EQUAL","target":"LEASE","key":"Zm9v","lease":"-7"}]}"#,
        #"{"compare":[{"result":2,"target":3,"key":"-_-_","rangeEnd":"AA","value":""}]}"#,
        #"{"success":[{"request_put":{"key":"YQ==","value":"Yg==","prev_kv":true}}]}"#,
        #"{"success":[{"requestPut":{"key":"YQ==","prevKv":false,"lease":9007199254740993}}]}"#,
        #"{"success":[{"requestRange":{}},{"requestTxn":{"failure":[{"requestTxn":{}}]}}]}"#,
        #"{"compare":[{"version":"0"},{"createRevision":1.0},{"modRevision":15e1}]}"#,
    ])
    func aTransactionIsReadAsByTheLibrary(json: String) throws {
        let expected = try Etcdserverpb_TxnRequest(jsonString: json)
        let bytes = try Conversion.request(json)
        #expect(try Etcdserverpb_TxnRequest(serializedBytes: bytes) == expected)
    }

    @Test func whatTheSchemaDoesNotHaveIsIgnored() throws {
        let json = #"{"nope":{"a":[1,{"b":null},"\u00e9"]},"key":"Zm9v","sort_order":"SIDEWAYS"}"#
        let bytes = try Conversion.request(json, Self.range)
        let request = try Etcdserverpb_RangeRequest(serializedBytes: bytes)
        #expect(request == .with { $0.key = .init("foo".utf8) })
    }

    @Test func escapesAndPairsOfSurrogatesAreRead() throws {
        let json = #"{"n\u0061me":"\ud83d\ude00\"\\\/\b\f\n\r\tü","password":"p"}"#
        let bytes = try Conversion.request(json, "/etcdserverpb.Auth/UserAdd")
        let request = try Etcdserverpb_AuthUserAddRequest(serializedBytes: bytes)
        #expect(request.name == "😀\"\\/\u{8}\u{c}\n\r\tü")
    }

    @Test(arguments: [
        ("1", 1), ("-1", -1), ("\"01\"", nil), ("1.5", nil), ("100e-2", 1), ("1e400", nil),
        ("0e99999999999", 0), ("9223372036854775807", Int64.max), ("9223372036854775808", nil),
        ("\"-9223372036854775808\"", Int64.min), ("-9223372036854775809", nil), ("\" 1\"", nil),
        ("\"+1\"", nil), ("\"1e0\"", 1), ("\"\"", nil), ("\"-\"", nil), ("-0", 0), ("\"1.\"", nil),
        ("18446744073709551616e-1", nil), ("0.000", 0), ("123.4500e2", 12_345),
    ])
    func integersAreNumbersOrTexts(text: String, value: Int64?) throws {
        let json = #"{"limit":\#(text)}"#
        guard let value else {
            #expect(
                Conversion.error(json.utf8, Self.range)
                    == "proto: (line 1:10): invalid value for int64 field limit: \(text)")
            return
        }
        let bytes = try Conversion.request(json, Self.range)
        #expect(try Etcdserverpb_RangeRequest(serializedBytes: bytes).limit == value)
    }

    @Test(arguments: [
        ("Zm9v", "foo"), ("Zm8=", "fo"), ("Zm8", "fo"), ("Zm\\n9v", "foo"), ("Zm9=", "fo"),
        ("Z", nil), ("Zm9v====", nil), ("Z===", nil), ("Zm 9v", nil), ("!!!", nil), ("-/-/", nil),
        ("Zg=a", nil), ("=", nil), ("Zm8=Zm8=", nil),
    ])
    func bytesAreBase64OfEitherForm(text: String, value: String?) throws {
        let json = #"{"key":"\#(text)"}"#
        guard let value else {
            let error = Conversion.error(json.utf8, Self.range)
            #expect(
                error == "proto: (line 1:8): invalid value for bytes field key: \"\(text)\"")
            return
        }
        let bytes = try Conversion.request(json, Self.range)
        #expect(
            try Etcdserverpb_RangeRequest(serializedBytes: bytes).key == .init(value.utf8))
    }

    @Test(arguments: [
        ("{\"key\":", "unexpected EOF"), ("[1", "unexpected EOF"), ("tru", "unexpected EOF"),
        ("{\"a\" 1}", "invalid character '1' after object key"),
        ("{\"a\":1 2}", "invalid character '2' after object key:value pair"),
        ("[1 2]", "invalid character '2' after array element"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("{,}", "invalid character ',' looking for beginning of object key string"),
        ("trux", "invalid character 'x' in literal true (expecting 'e')"),
        ("-x", "invalid character 'x' in number (expecting digit)"),
        ("\u{e9}", "invalid character 'é' looking for beginning of value"),
        ("\u{7f}", "invalid character '\\x7f' looking for beginning of value"),
        ("\"\\u00g", "invalid escape sequence `\\u00g` in string"),
        ("null", "proto: syntax error (line 1:1): unexpected token null"),
        ("{\n \"ü\":1,\"key\":5}", "proto: (line 2:14): invalid value for bytes field key: 5"),
        (
            "{\"x\":\"\\udc00\\u0041\"}",
            "proto: syntax error (line 1:6): invalid escape code "
                + "\"\\u0041\" in string"
        ),
    ])
    func errorsNameTheirLocation(json: String, message: String) {
        #expect(Conversion.error(json.utf8, Self.range) == message)
    }

    @Test func nestingIsBounded() {
        let arrays = #"{"x":"# + String(repeating: "[", count: 10_001)
        #expect(Conversion.error(arrays.utf8, Self.range) == "exceeded max depth")
        let messages =
            String(repeating: #"{"success":[{"requestTxn":"#, count: 400) + "{}"
            + String(repeating: "}]}", count: 400)
        #expect(
            Conversion.error(messages.utf8, "/etcdserverpb.KV/Txn")
                == "proto: exceeded maximum recursion depth")
    }

    @Test func valuesAreFoundInPartsOfAStream() throws {
        let text = Array(#" {"a":"}\"{"}{}  [1,-2.5e3] "x" 12 {"b":[{}]}"#.utf8)
        for partBytes in 1...text.count {
            var scanner = JSONValueScanner()
            var (position, start, found) = (0, 0, [String]())
            for end in stride(from: partBytes, through: text.count + partBytes, by: partBytes) {
                try text.prefix(end).withUnsafeBytes { bytes in
                    while try scanner.scan(bytes, from: &position) {
                        found.append(String(decoding: text[start..<position], as: UTF8.self))
                        start = position
                    }
                }
            }
            #expect(try !scanner.finish())
            #expect(
                found.map { $0.drop { $0 == " " } }
                    == [#"{"a":"}\"{"}"#, "{}", "[1,-2.5e3]", "\"x\"", "12", #"{"b":[{}]}"#])
        }
    }
}
