import GoText

/// A feature gate, by etcd's name.
package enum FeatureGate: String, CaseIterable, Sendable {
    case stopGRPCServiceOnDefrag = "StopGRPCServiceOnDefrag"
    case initialCorruptCheck = "InitialCorruptCheck"
    case compactHashCheck = "CompactHashCheck"
    case txnModeWriteWithSharedBuffer = "TxnModeWriteWithSharedBuffer"
    case leaseCheckpoint = "LeaseCheckpoint"
    case leaseCheckpointPersist = "LeaseCheckpointPersist"
    case setMemberLocalAddr = "SetMemberLocalAddr"
    case fastLeaseKeepAlive = "FastLeaseKeepAlive"
    case priorityRequest = "PriorityRequest"
    case allAlpha = "AllAlpha"
    case allBeta = "AllBeta"

    package enum Stage: String, Sendable {
        case alpha = "ALPHA"
        case beta = "BETA"
    }

    /// The feature's stage in etcd; the label `stage` of the metric.
    package var stage: Stage {
        switch self {
        case .txnModeWriteWithSharedBuffer, .fastLeaseKeepAlive, .allBeta: .beta
        default: .alpha
        }
    }

    package var isEnabledByDefault: Bool {
        self == .txnModeWriteWithSharedBuffer || self == .fastLeaseKeepAlive
    }

    var isBulkSwitch: Bool { self == .allAlpha || self == .allBeta }
}

/// The configured gates: gates given explicitly override bulk switches, which override defaults.
package struct FeatureGates: FlagValue {
    /// Explicit and bulk-set gates, in the order of `FeatureGate.allCases`.
    private var chosen: [Bool?] = FeatureGate.allCases.map { _ in nil }

    package init() {}

    /// Parses `Name=true,Other=false`. Unknown names and values that are not booleans are errors.
    package init(flagText: String) throws(FlagValueError) {
        self.init()
        var explicit: [(FeatureGate, Bool)] = []
        for part in flagText.split(separator: ",") {
            explicit.append(try Self.parse(part))
        }
        for (gate, value) in explicit { self[gate] = value }
        for (gate, value) in explicit where gate.isBulkSwitch {
            setUnset(stage: gate.stage, to: value)
        }
    }

    private static func parse(_ text: Substring) throws(FlagValueError) -> (FeatureGate, Bool) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0].filter { !$0.isWhitespace })
        guard parts.count == 2 else {
            throw FlagValueError("missing bool value for \(name)")
        }
        let valueText = String(parts[1].filter { !$0.isWhitespace })
        guard let value = try? Bool(flagText: valueText) else {
            let reason = "strconv.ParseBool: parsing \(valueText.goQuoted): invalid syntax"
            throw FlagValueError("invalid value of \(name)=\(valueText), err: \(reason)")
        }
        guard let gate = FeatureGate(rawValue: name) else {
            throw FlagValueError("unrecognized feature gate: \(name)")
        }
        return (gate, value)
    }

    private mutating func setUnset(stage: FeatureGate.Stage, to value: Bool) {
        for gate in FeatureGate.allCases where gate.stage == stage && chosen[gate.index] == nil {
            chosen[gate.index] = value
        }
    }

    private subscript(gate: FeatureGate) -> Bool? {
        get { chosen[gate.index] }
        set { chosen[gate.index] = newValue }
    }

    package func isEnabled(_ gate: FeatureGate) -> Bool {
        self[gate] ?? gate.isEnabledByDefault
    }

    /// The gates that were set, sorted by name.
    package var flagText: String {
        FeatureGate.allCases
            .compactMap { gate in self[gate].map { "\(gate.rawValue)=\($0)" } }
            .sorted().joined(separator: ",")
    }
}

extension FeatureGate {
    fileprivate var index: Int {
        Self.allCases.firstIndex(of: self) ?? 0
    }
}
