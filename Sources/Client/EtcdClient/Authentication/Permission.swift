internal import EtcdAPI

/// What a role allows.
public struct Permission: Hashable, Sendable {
    public enum Access: Sendable {
        case read, write, readWrite
    }

    public let access: Access
    public let keys: KeyRange

    public init(_ access: Access, _ keys: KeyRange) {
        self.access = access
        self.keys = keys
    }

    init(_ permission: Authpb_Permission) {
        switch permission.permType {
        case .write: access = .write
        case .readwrite: access = .readWrite
        default: access = .read
        }
        keys = KeyRange(start: Array(permission.key), end: Array(permission.rangeEnd))
    }

    var message: Authpb_Permission {
        var message = Authpb_Permission()
        switch access {
        case .read: message.permType = .read
        case .write: message.permType = .write
        case .readWrite: message.permType = .readwrite
        }
        message.key.append(contentsOf: keys.start)
        message.rangeEnd.append(contentsOf: keys.end)
        return message
    }
}

/// Whether users are authenticated.
public struct AuthStatus: Hashable, Sendable {
    public let isEnabled: Bool
    /// Counts the changes of users and roles.
    public let revision: UInt64
}
