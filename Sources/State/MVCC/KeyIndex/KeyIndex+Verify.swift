/// Verification of the tree's invariants.
extension KeyIndex {
    /// Walks the whole tree and describes each broken invariant; empty if it is sound.
    package func verify() -> [String] {
        var check = TreeCheck()
        verify(root, lower: [], upper: nil, level: page(root).level, &check)
        verifyLeafChain(&check)
        check.expectEqual(check.liveKeys, liveKeyCount, "live keys")
        check.expectEqual(check.keys, keyCount, "keys")
        check.expectEqual(check.pages, pages.usedCount, "pages")
        check.expectEqual(check.chunkBytes, chunks.usedBytes, "chunk bytes")
        return check.violations
    }

    /// Bytes of memory backing the pages, including retained free ones.
    package var backedPageBytes: Int { pages.backedCount * PageArena.pageSizeBytes }

    private func verify(
        _ id: UInt32, lower: [UInt8], upper: [UInt8]?, level: Int, _ check: inout TreeCheck
    ) {
        let page = page(id)
        check.pages += 1
        check.expect(page.level == level, "level of page \(id)")
        check.expect([UInt8](page.lowerFence) == lower, "lower fence of page \(id)")
        check.expect(page.upperFence.map { [UInt8]($0) } == upper, "upper fence of page \(id)")
        check.expect(page.gapBytes >= 0, "slots and heap of page \(id) do not overlap")
        check.countFence(lower.count)
        check.countFence(upper?.count ?? 0)
        verifyHeap(page, id, &check)
        let keys = (0..<page.count).map { verifiedKey(page, $0, &check) }
        for index in keys.indices {
            let isKeyless = index == 0 && !page.isLeaf
            if isKeyless { continue }
            check.expect(!keys[index].lexicographicallyPrecedes(lower), "key in page \(id)")
            if let upper {
                check.expect(keys[index].lexicographicallyPrecedes(upper), "key in page \(id)")
            }
            if index > 0, page.isLeaf || index > 1 {
                check.expect(
                    keys[index - 1].lexicographicallyPrecedes(keys[index]), "order in page \(id)")
            }
        }
        if page.isLeaf {
            verifyLeaf(page, id, &check)
        } else {
            verifyChildren(page, id, keys, lower: lower, upper: upper, &check)
        }
    }

    private func verifyHeap(_ page: IndexPage, _ id: UInt32, _ check: inout TreeCheck) {
        var entryBytes = 0
        for index in 0..<page.count {
            entryBytes += page.entrySizeBytes(index)
            let offset = IndexPage.offset(page.slot(index))
            check.expect(
                offset >= page.heapTop
                    && offset + page.entrySizeBytes(index) <= PageArena.pageSizeBytes,
                "entry \(index) of page \(id) lies in the heap")
        }
        let fences =
            IndexPage.fenceSizeBytes(page.lowerFence.count)
            + IndexPage.fenceSizeBytes(page.upperFence?.count ?? 0)
        check.expect(
            PageArena.pageSizeBytes - page.heapTop == entryBytes + fences + page.garbageBytes,
            "heap account of page \(id)")
    }

    private func verifiedKey(
        _ page: IndexPage, _ index: Int, _ check: inout TreeCheck
    ) -> [UInt8] {
        withUnsafeTemporaryAllocation(byteCount: IndexPage.inlineKeyMax, alignment: 8) { memory in
            let buffer = memory.baseAddress.unsafelyUnwrapped
            page.copyPrefix(to: buffer)
            let key = [UInt8](page.key(index, buffer: buffer))
            if page.longKeyChunk(index) != 0 {
                check.countChunk(payloadBytes: key.count)
                check.expect(key.count > IndexPage.inlineKeyMax, "only long keys are spilled")
            }
            return key
        }
    }

    private func verifyLeaf(_ leaf: IndexPage, _ id: UInt32, _ check: inout TreeCheck) {
        var tombstones = 0
        for index in 0..<leaf.count {
            let newest = PackedRecord(loadingFrom: leaf.payload(index))
            if newest.isTombstone { tombstones += 1 }
            check.expect(newest.main <= newestMain, "newest revision known")
            verifyHistory(leaf.payload(index), newest, &check)
        }
        check.expect(tombstones == leaf.tombstoneCount, "tombstones of leaf \(id)")
        check.keys += leaf.count
        check.liveKeys += leaf.count - tombstones
        check.leaves.append(id)
    }

    private func verifyHistory(
        _ payload: UnsafeMutableRawPointer, _ newest: PackedRecord, _ check: inout TreeCheck
    ) {
        let history = history(payload)
        guard history.count > 0 else { return }
        let chunk = payload.loadUnaligned(
            fromByteOffset: LeafEntry.historyOffset, as: UInt32.self)
        check.chunkBytes += ChunkArena.sizeBytes(ofClass: chunks.sizeClass(of: chunk))
        for index in 0..<history.count {
            let next = index + 1 < history.count ? history[index + 1] : newest
            check.expect(history[index].modified < next.modified, "history ascends")
            check.expect(!(history[index].isTombstone && next.isTombstone), "no double deletion")
        }
    }

    private func verifyChildren(
        _ inner: IndexPage, _ id: UInt32, _ keys: [[UInt8]], lower: [UInt8], upper: [UInt8]?,
        _ check: inout TreeCheck
    ) {
        check.expect(inner.count > 0, "inner page \(id) has a child")
        for index in keys.indices {
            let before = check.liveKeys
            verify(
                child(inner, index), lower: index == 0 ? lower : keys[index],
                upper: index + 1 < keys.count ? keys[index + 1] : upper,
                level: inner.level - 1, &check)
            let summary = SubtreeSummary(loadingFrom: inner.payload(index))
            check.expect(
                check.liveKeys - before == Int(summary.liveCount),
                "live count \(index) of page \(id)")
            let below = page(child(inner, index)).summary.newestMain
            check.expect(
                below <= summary.newestMain, "newest revision \(index) of page \(id)")
        }
    }

    private func verifyLeafChain(_ check: inout TreeCheck) {
        for (index, id) in check.leaves.enumerated() {
            let next = index + 1 < check.leaves.count ? check.leaves[index + 1] : 0
            let previous = index > 0 ? check.leaves[index - 1] : 0
            check.expect(page(id).nextLeaf == next, "leaf after \(id)")
            check.expect(page(id).previousLeaf == previous, "leaf before \(id)")
        }
    }
}

/// The counts and violations found by a walk over the tree.
private struct TreeCheck {
    var violations: [String] = []
    var keys = 0
    var liveKeys = 0
    var pages = 0
    var chunkBytes = 0
    var leaves: [UInt32] = []

    mutating func expect(_ condition: Bool, _ rule: @autoclosure () -> String) {
        if !condition { violations.append(rule()) }
    }

    mutating func expectEqual(_ found: Int, _ account: Int, _ what: String) {
        expect(found == account, "\(found) \(what) found, \(account) accounted")
    }

    mutating func countFence(_ length: Int) {
        if length > IndexPage.inlineKeyMax { countChunk(payloadBytes: length) }
    }

    mutating func countChunk(payloadBytes: Int) {
        chunkBytes += ChunkArena.sizeBytes(
            ofClass: ChunkArena.sizeClass(forPayload: payloadBytes))
    }
}
