import Auth
import Checkers
import Disk
import Identifiers
import MonotonicClock

/// The operator of users: creates them, enables authentication, and goes on to change users, roles
/// and permissions under load; what was taken away is given back some time later.
struct UserAdministration {
    /// Whether the run has users at all.
    let isActive: Bool
    /// The longest time between two changes.
    let rest: TimeSpan
    /// How often, in a million, a change takes something away or adds what nobody needs.
    let unrest: Int
    var random: SeededGenerator

    /// Does not draw from the generators of the run: a run without users is the same with this.
    init(seed: UInt64, isActive: Bool?) {
        random = SeededGenerator(seed: seed ^ 0x7573_6572_735F_5F5F)
        let drawn = random.happens(400_000)
        self.isActive = isActive ?? drawn
        rest = random.duration(20 * .millisecond...600 * .millisecond)
        unrest = [0, 200_000, 500_000][random.number(below: 3)]
    }
}

extension Simulation {
    func beginUserAdministration() {
        guard users.isActive else { return }
        for client in clients.all.indices {
            clients.all[client].credentials = Credentials(&users.random)
        }
        for holder in leaseHolders.indices where users.random.happens(300_000) {
            leaseHolders[holder].credentials = Credentials(&users.random)
        }
        for client in watchClients { client.credentials = Credentials(&users.random) }
        schedule(.changeUsers, after: users.random.duration(.zero...2 * .second))
    }

    /// Makes the next change, by the state that the log has reached.
    func changeUsers() {
        let rest = isFaultPhase ? users.rest : 100 * .millisecond
        schedule(.changeUsers, after: users.random.duration(5 * .millisecond...rest))
        let isUnrest = isFaultPhase && users.random.happens(users.unrest)
        guard let change = isUnrest ? disturbance() : missingChange() else { return }
        let host = users.random.number(below: hosts.count)
        // Now and then somebody else tries, and is refused while authentication is on.
        let others = SimulatedUser.initial
        let isOther = users.random.happens(100_000)
        let user = isOther ? others[users.random.number(below: others.count)] : .root
        var credentials = Credentials(user.name)
        if users.random.happens(20_000) { credentials.kind = .none }
        begin(.users(change), client: -1, at: host, credentials: credentials)
    }

    /// The first thing that is missing; nil if nothing is.
    private func missingChange() -> AuthChange? {
        let state = record.auth.newest
        for user in SimulatedUser.existing {
            if state.users[user.name] == nil { return .addUser(user.name) }
            guard let role = state.roles[user.name] else { return .addRole(user.name) }
            for permission in user.permissions where !role.contains(permission) {
                return .grantPermission(permission, to: user.name)
            }
            guard state.users[user.name]?.contains(user.name) == true else {
                return .grantRole(user.name, to: user.name)
            }
        }
        if !state.isEnabled { return .enable }
        return users.random.happens(200_000) ? .enable : .listUsers
    }

    /// Something is taken away, or changes that nobody needs.
    private func disturbance() -> AuthChange {
        let known = SimulatedUser.initial
        let user = known[users.random.number(below: known.count)].name
        let role = known[users.random.number(below: known.count)].name
        let held = record.auth.newest.roles[role] ?? []
        switch users.random.number(below: 20) {
        case 0: return .deleteUser(user)
        case 1: return .deleteRole(role)
        case 2..<5: return .revokeRole(role, from: user)
        case 5..<7: return .grantRole(role, to: user)
        case 7: return .changePassword(of: user)
        case 8..<12 where !held.isEmpty:
            return .revokePermission(held[users.random.number(below: held.count)].range, from: role)
        case 12..<16: return .grantPermission(randomPermission(), to: role)
        case 16: return .disable
        case 17: return .addUser(user)
        default: return .changePassword(of: user)
        }
    }

    private func randomPermission() -> ModelledPermission {
        let keys = ["a", "b", "c", "d", "e", "f"]
        let key = keys[users.random.number(below: keys.count)]
        let ends = [nil, "z", KeyRange.openEnd, key + "x"]
        let kinds = ModelledPermission.Kind.allCases
        return ModelledPermission(
            kinds[users.random.number(below: kinds.count)],
            KeyRange(key: key, end: ends[users.random.number(below: ends.count)]))
    }

    /// Who a call is made by; root, where nobody in particular makes it.
    func credentials(ofClient client: Int, holder: Int?) -> Credentials? {
        guard users.isActive else { return nil }
        if client >= 0 { return clients.all[client].credentials }
        return holder.flatMap { leaseHolders[$0].credentials } ?? .root
    }

    /// A client logs in again now and then, and after a refusal.
    func renewLogin(of client: Int, afterRefusal: Bool) {
        guard users.isActive, client >= 0, afterRefusal || users.random.happens(200_000) else {
            return
        }
        clients.all[client].credentials?.logIn(at: record.auth.newest.revision)
    }
}
