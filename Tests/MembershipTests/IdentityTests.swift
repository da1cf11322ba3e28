import Identifiers
import Testing

@testable import Membership

@Suite("Member and cluster IDs")
struct IdentityTests {
    @Test func equalThoseOfEtcd() {
        let member = MemberID(peerURLs: ["http://127.0.0.1:42180"], token: "tok1")
        #expect(member.description == "fcef5a85db9fa8dd")
        #expect(ClusterID(initialMembers: [member]).description == "7a6ed2429c17496f")
        // The IDs of an etcd that is started without flags.
        let standard = MemberID(peerURLs: ["http://localhost:2380"], token: "etcd-cluster")
        #expect(standard.description == "8e9e05c52164694d")
        #expect(ClusterID(initialMembers: [standard]).description == "cdf818194e3a8c32")
    }

    @Test func doNotDependOnTheOrderOfURLsAndMembers() {
        let one = MemberID(peerURLs: ["http://a:1", "http://b:1"], token: "t")
        let other = MemberID(peerURLs: ["http://b:1", "http://a:1"], token: "t")
        #expect(one == other)
        let third = MemberID(peerURLs: ["http://c:1"], token: "t")
        #expect(
            ClusterID(initialMembers: [one, third]) == ClusterID(initialMembers: [third, one]))
        #expect(ClusterID(initialMembers: [one, third]) != ClusterID(initialMembers: [one]))
    }

    @Test func dependOnTheTokenAndTheTimeOfJoining() {
        let urls = ["http://a:1"]
        let initial = MemberID(peerURLs: urls, token: "t")
        #expect(initial != MemberID(peerURLs: urls, token: "u"))
        let joined = MemberID(peerURLs: urls, token: "t", addedAtUnixSeconds: 1_700_000_000)
        #expect(joined != initial)
        // The seconds directly follow the token, as decimal digits.
        #expect(joined == MemberID(peerURLs: urls, token: "t1700000000"))
    }

    @Test func areWrittenInHexadecimalWithoutPadding() {
        #expect(id(0xAB).description == "ab")
        #expect(MemberID(hexadecimal: "ab") == id(0xAB))
        #expect(MemberID(hexadecimal: "ffffffffffffffff") == id(.max))
    }

    @Test(arguments: ["", "+ab", "-1", "-0", "0x1", "xyz", "1 ", "10000000000000000"])
    func areNotParsedFromAnythingElse(text: String) {
        #expect(MemberID(hexadecimal: text) == nil)
    }
}

@Suite("Versions")
struct SemanticVersionTests {
    @Test(
        arguments: [
            ("3.7.1", SemanticVersion(3, 7, 1)), ("3.7", SemanticVersion(3, 7)),
            ("3.7.0-rc.1", SemanticVersion(3, 7)), ("3.6.4+git.abc", SemanticVersion(3, 6, 4)),
            ("10.0.12", SemanticVersion(10, 0, 12)),
        ])
    func areParsed(text: String, version: SemanticVersion) {
        #expect(SemanticVersion(text) == version)
    }

    @Test(
        arguments: [
            "", "3", "3.", "3.7.", "3.7.1.0", "v3.7.1", "a.b", "3.-7", "3.+7", "3. 7", "٣.٧",
            "3.99999999999999999999",
        ])
    func areNotParsedFromAnythingElse(text: String) {
        #expect(SemanticVersion(text) == nil)
    }

    @Test func areOrderedByTheirNumbers() {
        #expect(SemanticVersion(3, 7, 1) > SemanticVersion(3, 7))
        #expect(SemanticVersion(3, 10) > SemanticVersion(3, 9, 9))
        #expect(SemanticVersion(4, 0) > SemanticVersion(3, 99, 99))
        #expect(SemanticVersion(3, 7, 1).withoutPatch == SemanticVersion(3, 7))
        #expect(SemanticVersion(3, 7, 1).majorMinor == "3.7")
        #expect(SemanticVersion(3, 7).description == "3.7.0")
    }
}
