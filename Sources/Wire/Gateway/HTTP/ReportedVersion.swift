import Membership

/// The etcd version that clients are told.
let reportedVersion = compatibleVersion.description
