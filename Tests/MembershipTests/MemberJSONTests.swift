import Testing

@testable import Membership

@Suite("Members as JSON")
struct MemberJSONTests {
    @Test func omitsEmptyFields() {
        let bare = Member(id: id(255), peerURLs: ["http://a:2380"])
        #expect(bare.json == #"{"id":255,"peerURLs":["http://a:2380"]}"#)
        #expect(Member(id: id(1), peerURLs: []).json == #"{"id":1,"peerURLs":[]}"#)
    }

    @Test func containsEveryFieldInEtcdsOrder() {
        let full = Member(
            id: id(.max), peerURLs: ["http://a:1", "http://b:1"], isLearner: true, name: "n",
            clientURLs: ["http://c:1"])
        #expect(
            full.json == #"{"id":18446744073709551615,"peerURLs":["http://a:1","http://b:1"],"#
                + #""isLearner":true,"name":"n","clientURLs":["http://c:1"]}"#)
        #expect(
            full.raftAttributesJSON
                == #"{"peerURLs":["http://a:1","http://b:1"],"isLearner":true}"#)
        #expect(full.attributesJSON == #"{"name":"n","clientURLs":["http://c:1"]}"#)
    }

    @Test(
        arguments: [
            ("a\"b", #"a\"b"#), ("a\\b", #"a\\b"#), ("\n\r\t", #"\n\r\t"#),
            ("\u{1}\u{1F}", #"\u0001\u001f"#), ("<a>&b", #"\u003ca\u003e\u0026b"#),
            ("\u{2028}\u{2029}", #"\u2028\u2029"#), ("äß€😀", "äß€😀"), ("/", "/"),
            ("\u{7F}", "\u{7F}"),
        ])
    func escapesAsGoDoes(name: String, escaped: String) {
        let member = Member(id: id(1), peerURLs: [], name: name)
        #expect(member.json == #"{"id":1,"peerURLs":[],"name":""# + escaped + #""}"#)
        #expect(Member(json: bytes(member.json)) == member)
    }

    /// Go writes the short escapes of these two control characters since 1.22.
    @Test func escapesBackspaceAndFormFeed() {
        let member = Member(id: id(1), peerURLs: [], name: "\u{8}\u{C}")
        #expect(Member(json: bytes(member.json)) == member)
    }

    @Test func roundTrips() {
        let members = [
            Member(id: id(0), peerURLs: []),
            Member(id: id(.max), peerURLs: ["http://a:1"], isLearner: true),
            Member(
                id: id(7), peerURLs: ["unix://x"], name: "two words", clientURLs: ["http://c", ""]),
        ]
        for member in members { #expect(Member(json: bytes(member.json)) == member) }
    }

    @Test func parsesOtherValidForms() {
        // Fields in another order, unknown fields and null lists are all valid in Go.
        let text = #" {"name":"n","x":{"y":[1]},"peerURLs":null,"id":3,"clientURLs":[]} "#
        #expect(Member(json: bytes(text)) == Member(id: id(3), peerURLs: [], name: "n"))
    }

    @Test(arguments: ["", "null", "[]", "{", #"{"id":-1}"#, #"{"id":"1"}"#, #"{"peerURLs":[1]}"#])
    func rejectsMalformedMembers(text: String) {
        #expect(Member(json: bytes(text)) == nil)
    }

    @Test func listsAreInTheFormatThatMembersExchange() {
        let members = [
            Member(id: id(7), peerURLs: ["http://a:1"], name: "n1", clientURLs: ["http://b:1"]),
            Member(id: id(.max), peerURLs: [], isLearner: true),
        ]
        let text = Member.json(members)
        #expect(
            text == #"[{"id":7,"peerURLs":["http://a:1"],"name":"n1","clientURLs":["http://b:1"]},"#
                + #"{"id":18446744073709551615,"peerURLs":[],"isLearner":true}]"#)
        #expect(Member.list(json: bytes(text)) == members)
        #expect(Member.list(json: bytes("[]")) == [])
        #expect(Member.list(json: bytes("{}")) == nil)
    }

    @Test func theContextOfAChangeContainsWhetherItPromotes() {
        let member = Member(id: id(1), peerURLs: ["http://a:1"])
        // A promotion contains only the member's id, and null for the nil slice, as Go encodes it.
        let context = MemberChangeContext(
            member: Member(id: id(1), peerURLs: []), isPromotion: true)
        #expect(context.json == #"{"id":1,"peerURLs":null,"isPromote":true}"#)
        #expect(MemberChangeContext(json: bytes(context.json)) == context)
        let addition = MemberChangeContext(member: member, isPromotion: false)
        #expect(addition.json == #"{"id":1,"peerURLs":["http://a:1"],"isPromote":false}"#)
        // The contexts of bootstrap entries and of older members contain only the member.
        #expect(
            MemberChangeContext(json: bytes(member.json))
                == MemberChangeContext(member: member, isPromotion: false))
        #expect(MemberChangeContext(json: bytes("nothing")) == nil)
    }
}
