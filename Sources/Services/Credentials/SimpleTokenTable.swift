import Auth
import MonotonicClock

/// The known simple tokens, in the order of their last use, which is the order in which they expire.
///
/// Every operation takes constant time. Expired tokens are removed a few at a time, by each
/// operation. At the limit a new token takes the place of the one that was not used for longest.
struct SimpleTokenTable {
    private struct Entry {
        var token: SimpleToken
        var owner: Owner
        /// It is not valid from then on.
        var expiry: MonotonicTime
        var previous: Int
        var next: Int
    }

    /// A user with tokens. Shared by them, so that all of them end at once.
    private final class Owner {
        let identity: Identity
        var tokenCount = 0
        var hasEnded = false

        init(_ user: AuthName) { identity = .user(user, revision: nil) }
    }

    private let timeToLive: TimeSpan
    private let tokensMax: Int
    private var entries: [Entry] = []
    private var free: [Int] = []
    private var positions: [SimpleToken: Int] = [:]
    /// Those whose tokens have not ended.
    private var owners: [AuthName: Owner] = [:]
    private var oldest = -1
    private var newest = -1

    /// Expired tokens that one operation removes.
    private static let removedMax = 2

    init(timeToLive: TimeSpan, tokensMax: Int) {
        self.timeToLive = timeToLive
        self.tokensMax = tokensMax
    }

    /// The number of tokens in memory, expired ones included.
    var count: Int { positions.count }

    mutating func insert(_ token: SimpleToken, of user: AuthName, now: MonotonicTime) {
        removeExpired(now)
        if let known = positions[token] { remove(known) }
        if count >= tokensMax, oldest >= 0 { remove(oldest) }
        let owner = owners[user] ?? Owner(user)
        owners[user] = owner
        owner.tokenCount += 1
        let entry = Entry(
            token: token, owner: owner, expiry: now + timeToLive, previous: -1, next: -1)
        if let position = free.popLast() {
            entries[position] = entry
            append(position)
        } else {
            entries.append(entry)
            append(entries.count - 1)
        }
        positions[token] = newest
    }

    /// The owner of a token, whose time begins anew; nil if it is unknown, expired or ended.
    mutating func use(_ token: SimpleToken, now: MonotonicTime) -> Identity? {
        removeExpired(now)
        guard let position = positions[token] else { return nil }
        guard entries[position].expiry > now, !entries[position].owner.hasEnded else {
            remove(position)
            return nil
        }
        entries[position].expiry = now + timeToLive
        if position != newest {
            unlink(position)
            append(position)
        }
        return entries[position].owner.identity
    }

    /// Ends all tokens of a user.
    mutating func end(_ user: AuthName) {
        owners.removeValue(forKey: user)?.hasEnded = true
    }

    mutating func removeAll() {
        self = SimpleTokenTable(timeToLive: timeToLive, tokensMax: tokensMax)
    }

    private mutating func removeExpired(_ now: MonotonicTime) {
        for _ in 0..<Self.removedMax {
            guard oldest >= 0, entries[oldest].expiry <= now else { return }
            remove(oldest)
        }
    }

    private mutating func remove(_ position: Int) {
        let owner = entries[position].owner
        owner.tokenCount -= 1
        if owner.tokenCount == 0, !owner.hasEnded, case .user(let user, _) = owner.identity {
            owners[user] = nil
        }
        positions[entries[position].token] = nil
        unlink(position)
        free.append(position)
    }

    private mutating func append(_ position: Int) {
        entries[position].previous = newest
        entries[position].next = -1
        if newest >= 0 { entries[newest].next = position } else { oldest = position }
        newest = position
    }

    private mutating func unlink(_ position: Int) {
        let (previous, next) = (entries[position].previous, entries[position].next)
        if previous >= 0 { entries[previous].next = next } else { oldest = next }
        if next >= 0 { entries[next].previous = previous } else { newest = previous }
    }
}
