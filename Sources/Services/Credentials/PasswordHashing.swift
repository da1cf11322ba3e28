package import EtcdAPI
import Glibc

/// Hashes and checks passwords with bcrypt, apart from the threads that serve requests.
///
/// At most half of the cores compute, at low priority, and so many requests wait. A request whose
/// task is cancelled while it waits is dropped.
///
/// A stored hash may have more rounds than this member would give it: one of cost 31 takes a day.
/// Such hashes are checked by one thread of their own, so that only their users wait for each other.
package final class PasswordHashing: Sendable {
    /// The logarithm of the number of rounds of new hashes.
    package let cost: Int
    private let queue: HashingQueue
    /// For stored hashes above `ordinaryCostMax`.
    private let expensive: HashingQueue

    /// At cost 10 and one core, a queue of this length takes 20 s.
    package static let waitingMax = 512
    /// bcrypt ignores all further bytes; etcd refuses a new password that has more.
    package static let passwordBytesMax = Bcrypt.passwordBytesMax
    /// The costs that bcrypt has.
    package static let costs = BcryptHash.costs
    /// A hash of this cost takes about a second.
    static let moderateCost = 14
    /// The cost when none is configured, or one that bcrypt does not have.
    package static let defaultCost = 10

    /// - Parameters:
    ///   - cost: outside 4...31 it is the default, as in etcd.
    ///   - threadsMax: nil for half of the cores.
    package init(
        cost: Int, threadsMax: Int? = nil, waitingMax: Int = PasswordHashing.waitingMax
    ) {
        self.cost = BcryptHash.costs.contains(cost) ? cost : Self.defaultCost
        let half = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)) / 2)
        queue = HashingQueue(threadsMax: threadsMax ?? half, waitingMax: waitingMax)
        expensive = HashingQueue(threadsMax: 1, waitingMax: waitingMax)
    }

    /// The highest cost of hashes that all threads check.
    private var ordinaryCostMax: Int { max(cost, Self.moderateCost) }

    /// The number of passwords that wait to be hashed or checked.
    package var waitingCount: Int { queue.waitingCount + expensive.waitingCount }

    /// Throws unless a password can be hashed.
    ///
    /// - Throws: `passwordTooLong` with the text of Go's bcrypt; `passwordInvalid` for a zero byte,
    ///   where libcrypt would stop reading.
    package static func check(_ password: String) throws(EtcdError) {
        guard password.utf8.count <= passwordBytesMax else { throw .passwordTooLong }
        guard !password.utf8.contains(0) else { throw .passwordInvalid }
    }

    /// The text to be stored for a password.
    ///
    /// - Throws: as `check`; `tooManyRequests` if too many wait; `canceled`.
    package func hash(_ password: String) async throws(EtcdError) -> [UInt8] {
        try Self.check(password)
        let (bytes, cost) = (Array(password.utf8), self.cost)
        guard let text = try await result(on: queue, of: { Bcrypt.text(of: bytes, cost: cost) })
        else {
            throw .passwordInvalid
        }
        return text
    }

    /// Whether a password fits a stored text.
    ///
    /// - Parameters:
    ///   - password: bytes after `passwordBytesMax` do not count.
    ///   - stored: nil for a user that does not exist: a hash is computed all the same, so that
    ///     the time is the same for users that exist and for others.
    /// - Throws: `tooManyRequests` if too many wait; `canceled`.
    package func matches(_ password: [UInt8], stored: [UInt8]?) async throws(EtcdError) -> Bool {
        guard let stored else {
            let cost = self.cost
            _ = try await result(on: queue, of: { Bcrypt.text(of: [], cost: cost) })
            return false
        }
        guard let hash = BcryptHash(stored) else { return false }
        return try await result(on: hash.cost > ordinaryCostMax ? expensive : queue) {
            Bcrypt.matches(password, hash)
        }
    }

    private func result<Value: Sendable>(
        on queue: HashingQueue, of work: @escaping @Sendable () -> Value
    ) async throws(EtcdError) -> Value {
        guard let value = await queue.result(of: work) else {
            throw Task.isCancelled ? .canceled : .tooManyRequests
        }
        return value
    }
}
