extension LoadOptions {
    /// Refuses options that are inconsistent.
    func check() throws(OptionError) {
        var keysInWidth = 1
        for _ in 0..<min(keySizeBytes, 18) { keysInWidth *= 10 }
        try Self.require(keyCount < keysInWidth, "--key-size is too small for --keys")
        try Self.require(rangeSize <= keyCount, "--range-size is larger than --keys")
        try Self.require(max(puts, compares) <= keyCount, "a txn has more keys than --keys")
        try Self.require(!endpoints.isEmpty, "--endpoint is empty")
        try Self.require(
            !usesLibrary
                || [.put, .notify].contains(command) && !hasPhases && ratePerSecond == 0,
            "--library is for put and notify in a closed loop")
        switch command {
        case .watch:
            try Self.require(
                valueSizeBytes >= 8, "--value-size is 8 or more, for the time of sending")
            try Self.require(!hasPhases, "watch has no --phases")
        case .notify:
            try Self.require(
                connections * streams <= keyCount, "each stream of notify takes one of --keys")
        case .mix: try Self.require(putPercent <= 100, "--put-percent is at most 100")
        case .keepAlive: try Self.require(leases > 0, "keepalive takes --leases")
        default: break
        }
    }

    private static func require(_ holds: Bool, _ rule: String) throws(OptionError) {
        guard holds else { throw OptionError(description: rule) }
    }

    /// Sets options that follow from others.
    mutating func complete() {
        if command == .load { total = keyCount }
        if command == .leaseGrant, leases > 0 { total = leases }
        if command == .snapshot, total == 0, seconds == 0 { total = 1 }
        if total == 0, seconds == 0 { seconds = 5 }
        let isOneLoop = [.watch, .hold, .connect].contains(command)
        loops = isOneLoop ? 1 : min(loops, connections)
    }
}
