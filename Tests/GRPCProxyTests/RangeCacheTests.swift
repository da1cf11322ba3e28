import Testing

@testable import GRPCProxy

@Suite("Cache of ranges")
struct RangeCacheTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func interval(_ start: String, _ end: String = "") -> KeyInterval {
        KeyInterval(bytes(start)[...], bytes(end)[...])
    }

    private func key(_ request: String, token: String? = nil) -> RangeCache.Key {
        RangeCache.Key(token: token, request: bytes(request))
    }

    private func store(
        _ cache: inout RangeCache, _ keys: KeyInterval, _ key: RangeCache.Key, _ response: String
    ) {
        let read = cache.beginRead(keys)
        cache.store(bytes(response), key, read: read)
    }

    @Test func aResponseIsServedToItsIdentityOnly() {
        var cache = RangeCache()
        store(&cache, interval("k"), key("get k", token: "root"), "secret")
        #expect(cache.response(key("get k", token: "root")) == bytes("secret"))
        #expect(cache.response(key("get k")) == nil)
        #expect(cache.response(key("get k", token: "alice")) == nil)
    }

    @Test(arguments: [
        ("k", "", true), ("j", "", false), ("a", "z", true), ("k", "\0", true), ("l", "\0", false),
        ("a", "k", false), ("a", "k\0", true),
    ])
    func aWriteRemovesWhatItOverlaps(start: String, end: String, removes: Bool) {
        var cache = RangeCache()
        store(&cache, interval("k"), key("single"), "1")
        store(&cache, interval("k", "m"), key("range"), "2")
        cache.invalidate(interval(start, end))
        #expect((cache.response(key("single")) == nil) == removes)
        // The range reaches from k to l, and is overlapped by l as well.
        let overlapsRange = removes || start == "l"
        #expect((cache.response(key("range")) == nil) == overlapsRange)
    }

    @Test func aResponseThatAWriteOvertakesIsNotStored() {
        var cache = RangeCache()
        let overtaken = cache.beginRead(interval("k"))
        let other = cache.beginRead(interval("x"))
        cache.invalidate(interval("k"))
        cache.store(bytes("old"), key("get k"), read: overtaken)
        cache.store(bytes("value"), key("get x"), read: other)
        #expect(cache.response(key("get k")) == nil)
        #expect(cache.response(key("get x")) == bytes("value"))
    }

    @Test func entriesAreBounded() {
        var cache = RangeCache(entriesMax: 8)
        for number in 0..<100 {
            store(&cache, interval("k\(number)"), key("\(number)"), "v")
            // The first one is used all the time.
            _ = cache.response(key("0"))
        }
        #expect(cache.count == 8)
        #expect(cache.response(key("0")) != nil)
        #expect(cache.response(key("99")) != nil)
    }

    @Test func bytesAreBounded() {
        var cache = RangeCache(bytesMax: 1_000, responseBytesMax: 600)
        store(&cache, interval("a"), key("a"), String(repeating: "x", count: 500))
        store(&cache, interval("b"), key("b"), String(repeating: "x", count: 500))
        #expect(cache.count == 1)
        store(&cache, interval("c"), key("c"), String(repeating: "x", count: 601))
        #expect(cache.response(key("c")) == nil)
    }

    @Test func clearingRemovesEverythingAlsoWhatIsUnderWay() {
        var cache = RangeCache()
        store(&cache, interval("a"), key("a"), "1")
        let read = cache.beginRead(interval("b"))
        cache.clear()
        cache.store(bytes("2"), key("b"), read: read)
        #expect(cache.count == 0)
        store(&cache, interval("a"), key("a"), "3")
        #expect(cache.response(key("a")) == bytes("3"))
    }
}
