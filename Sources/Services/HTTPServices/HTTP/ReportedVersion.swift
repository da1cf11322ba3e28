import Membership

/// The etcd version reported to clients.
let reportedVersion = compatibleVersion.description
