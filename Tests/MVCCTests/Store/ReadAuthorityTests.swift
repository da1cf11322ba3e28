import EtcdAPI
import Testing

@testable import MVCC

private final class Authority: ReadAuthority {
    let permits: Bool

    init(permits: Bool) { self.permits = permits }
}

@Suite("What decides about reads")
struct ReadAuthorityTests {
    private let key = RangeRequest(key: bytes("a"))
    private let all = RangeRequest(key: bytes("a"), rangeEnd: [0])

    private func check(_ authority: any ReadAuthority) throws(EtcdError) {
        guard (authority as? Authority)?.permits == true else { throw .permissionDenied }
    }

    private func read(
        _ request: RangeRequest, _ store: Store, check: ReadCheck
    ) throws(ReadError) {
        var response = RangeResponse()
        _ = try store.range(request, into: &response, check: check)
    }

    @Test func readsAreCheckedByThePublishedOne() throws {
        let fixture = try StoreFixture(sliceKeys: 4)
        for number in 0..<10 { fixture.put("a\(number)", "v") }
        let store = fixture.store
        #expect(store.currentAuthority == nil)
        for (permits, error) in [(false, ReadError.refused(.permissionDenied)), (true, nil)] {
            let authority = Authority(permits: permits)
            store.withWriteLock { store.publish(authority) }
            #expect(store.currentAuthority === authority)
            for request in [key, all] {
                var found: ReadError?
                do throws(ReadError) {
                    try read(request, store, check: check)
                    try store.openRange(request, check: check).close()
                } catch {
                    found = error
                }
                #expect(found == error)
            }
        }
        store.withWriteLock { store.publish(nil) }
        #expect(store.currentAuthority == nil)
        try read(all, store, check: allowed)
    }

    /// Whoever may not read does not learn which revisions exist.
    @Test func thePermissionIsCheckedBeforeTheRevision() throws {
        let fixture = try StoreFixture()
        fixture.store.withWriteLock { fixture.store.publish(Authority(permits: false)) }
        let future = RangeRequest(key: bytes("a"), revision: 99)
        #expect(throws: ReadError.refused(.permissionDenied)) {
            try read(future, fixture.store, check: check)
        }
        #expect(throws: ReadError.refused(.permissionDenied)) {
            try fixture.store.openRange(future, check: check)
        }
    }

    /// A reader keeps the permission with which it was opened.
    @Test func anOpenReaderIsNotCheckedAgain() throws {
        let fixture = try StoreFixture()
        fixture.put("a", "1")
        let store = fixture.store
        store.withWriteLock { store.publish(Authority(permits: true)) }
        let reader = try store.openRange(all, check: check)
        store.withWriteLock { store.publish(Authority(permits: false)) }
        var writer = WireWriter(capacity: 16)
        #expect(try reader.read(keys: 5, bytes: 1000, into: &writer))
        #expect(decodePairs(writer.written).count == 1)
    }
}
