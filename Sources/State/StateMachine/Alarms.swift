package import Bolt
package import EtcdAPI
package import Identifiers
import SwiftProtobuf

/// Conditions that restrict what the cluster accepts.
package enum AlarmType: Int, Sendable, Comparable, CaseIterable {
    /// No condition; as a filter: all alarms.
    case none = 0
    /// A member's database has reached its quota.
    case noSpace = 1
    /// Members disagree about the data.
    case corrupt = 2

    package static func < (left: AlarmType, right: AlarmType) -> Bool {
        left.rawValue < right.rawValue
    }

    /// The name in responses, logs and metrics.
    package var name: String {
        switch self {
        case .none: "NONE"
        case .noSpace: "NOSPACE"
        case .corrupt: "CORRUPT"
        }
    }
}

/// One raised alarm and the member that it concerns.
package struct Alarm: Hashable, Comparable, Sendable {
    package let member: MemberID
    package let type: AlarmType

    package init(member: MemberID, type: AlarmType) {
        self.member = member
        self.type = type
    }

    package static func < (left: Alarm, right: Alarm) -> Bool {
        (left.type, left.member) < (right.type, right.member)
    }

    /// Key in bucket `alarm`: the encoded AlarmMember, with an empty value.
    var storageKey: [UInt8] {
        var message = Etcdserverpb_AlarmMember()
        message.memberID = member.rawValue
        message.alarm = Etcdserverpb_AlarmType(rawValue: type.rawValue) ?? .none
        // Serialization of two scalar fields cannot fail.
        let bytes: [UInt8]? = try? message.serializedBytes()
        return bytes ?? []
    }
}

/// The raised alarms. They survive restarts and end only when they are disarmed.
package struct Alarms: Sendable {
    static let bucket = [UInt8]("alarm".utf8)

    private var raised: Set<Alarm> = []

    package init() {}

    /// Raised alarms of a type (`.none`: all), in a fixed order.
    package func list(_ type: AlarmType) -> [Alarm] {
        raised.filter { type == .none || $0.type == type }.sorted()
    }

    /// Whether this alarm is raised.
    func contains(_ alarm: Alarm) -> Bool { raised.contains(alarm) }

    /// Whether any member has raised this alarm.
    package func isActive(_ type: AlarmType) -> Bool { raised.contains { $0.type == type } }

    /// Raises an alarm; no effect if it is raised already.
    mutating func activate(_ alarm: Alarm, into batch: inout BoltWriteBatch) {
        guard raised.insert(alarm).inserted else { return }
        batch.put(bucket: Self.bucket, key: alarm.storageKey, value: [])
    }

    /// Disarms an alarm.
    ///
    /// - Returns: whether it was raised.
    mutating func deactivate(_ alarm: Alarm, into batch: inout BoltWriteBatch) -> Bool {
        guard raised.remove(alarm) != nil else { return false }
        batch.delete(bucket: Self.bucket, key: alarm.storageKey)
        return true
    }

    /// Reads the raised alarms from the database, at start.
    mutating func restore(from transaction: BoltReadTransaction) throws(PageFault) {
        guard let bucket = try transaction.bucket(Self.bucket) else { return }
        var cursor = bucket.cursor()
        while let (key, _) = try cursor.next() {
            if let message = try? Etcdserverpb_AlarmMember(serializedBytes: [UInt8](key)),
                let type = AlarmType(rawValue: message.alarm.rawValue)
            {
                raised.insert(Alarm(member: MemberID(rawValue: message.memberID), type: type))
            }
        }
    }
}
