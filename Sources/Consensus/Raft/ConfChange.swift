package import Identifiers

/// Type of a configuration change of one member; raw values are those of raftpb.
package enum ConfChangeType: UInt8, Sendable {
    case addVoter = 0
    case remove = 1
    /// No change for Raft; the application updates the member's attributes.
    case update = 2
    case addLearner = 3
}

/// A change of one member (raftpb.ConfChange), the form that etcd proposes.
package struct ConfChange: Equatable, Sendable {
    /// The application's request ID.
    package var id: UInt64
    package var type: ConfChangeType
    package var member: MemberID
    /// The application's data.
    package var context: [UInt8]

    package init(
        id: UInt64 = 0, type: ConfChangeType, member: MemberID, context: [UInt8] = []
    ) {
        self.id = id
        self.type = type
        self.member = member
        self.context = context
    }

    /// The same change as a ConfChangeV2.
    package var asV2: ConfChangeV2 {
        ConfChangeV2(changes: [ConfChangeSingle(type: type, member: member)], context: context)
    }
}

/// How a joint configuration is entered and left; raw values are those of raftpb.
package enum ConfChangeTransition: UInt8, Sendable {
    /// Joint only if there is more than one change; left automatically.
    case automatic = 0
    /// Always joint; left automatically.
    case jointImplicit = 1
    /// Always joint; left by an empty change that the application proposes.
    case jointExplicit = 2
}

/// One single change of a ConfChangeV2.
package struct ConfChangeSingle: Equatable, Sendable {
    package var type: ConfChangeType
    package var member: MemberID

    package init(type: ConfChangeType, member: MemberID) {
        self.type = type
        self.member = member
    }
}

/// A configuration change of any number of members (raftpb.ConfChangeV2).
package struct ConfChangeV2: Equatable, Sendable {
    package var transition: ConfChangeTransition
    package var changes: [ConfChangeSingle]
    package var context: [UInt8]

    package init(
        transition: ConfChangeTransition = .automatic,
        changes: [ConfChangeSingle],
        context: [UInt8] = []
    ) {
        self.transition = transition
        self.changes = changes
        self.context = context
    }

    /// The empty change, which leaves a joint configuration.
    package static let leaveJoint = ConfChangeV2(changes: [])

    /// The effect of applying the change.
    enum Effect: Equatable {
        case simple
        case enterJoint(autoLeave: Bool)
        case leaveJoint
    }

    var effect: Effect {
        switch transition {
        case .jointExplicit: .enterJoint(autoLeave: false)
        case .jointImplicit: .enterJoint(autoLeave: true)
        case .automatic where changes.isEmpty: .leaveJoint
        case .automatic where changes.count > 1: .enterJoint(autoLeave: true)
        case .automatic: .simple
        }
    }
}
