import EtcdAPI
import Testing

@testable import GRPCProxy

@Suite("Texts and frames of a proxy")
struct ProxyTextsTests {
    @Test func anEntryOfTheResolverIsReadAsItIsWritten() {
        let entry = ResolverEntry(address: "127.0.0.1:23790", name: "a \"host\"")
        #expect(
            entry.json
                == #"{"Op":0,"Addr":"127.0.0.1:23790","Metadata":"{\"name\":\"a \\\"host\\\"\"}"}"#)
        #expect(ResolverEntry(json: Array(entry.json.utf8)) == entry)
    }

    @Test(arguments: ["", "{", "[]", "{\"Op\":0}", "{\"Addr\":\"\"}", "{\"Addr\":\"a", "{\"a\" 1}"])
    func otherTextsAreNoEntries(text: String) {
        #expect(ResolverEntry(json: Array(text.utf8)) == nil)
    }

    @Test func listenAddresses() throws {
        let address = try ListenURL(address: "[::1]:23790")
        #expect((address.host, address.port) == ("::1", 23790))
        #expect(address.text == "[::1]:23790")
        #expect(try ListenURL(url: "https://h:1").isEncrypted)
        #expect(throws: ProxyStartError.self) { try ListenURL(address: "h:70000") }
    }

    @Test func eventsBeforeARevisionAreLeftOut() throws {
        func event(_ revision: Int64) -> [UInt8] {
            let pair = KeyValue(key: [1], modRevision: revision).encoded()
            return pair.withUnsafeBytes { WatchEvent(type: .put, keyValue: $0).encoded() }
        }
        let head = WatchResponse(header: ResponseHeader(clusterID: 1, revision: 9), watchID: 0)
            .encoded()
        let frame = try WatchFrame(head + event(5) + event(6) + event(7))
        #expect((frame.firstRevision, frame.lastRevision, frame.eventCount) == (5, 7, 3))
        let (bytes, count) = try frame.events(from: 6)
        #expect(count == 2)
        #expect(bytes == head + event(6) + event(7))
    }

    @Test func flagsAreCheckedInTheOrderOfEtcd() {
        var configuration = ProxyConfiguration()
        configuration.listening.versionMin = "x"
        configuration.resolverTTLSeconds = 5
        #expect(throws: ProxyStartError.self) { try configuration.check() }
        do throws(ProxyStartError) {
            try configuration.check()
        } catch {
            #expect(error.description == "invalid resolver-prefix \"\"")
        }
    }
}
