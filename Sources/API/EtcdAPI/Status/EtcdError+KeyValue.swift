/// Errors of key-value requests.
extension EtcdError {
    package static let emptyKey = EtcdError(.invalidArgument, "etcdserver: key is not provided")
    package static let keyNotFound = EtcdError(.invalidArgument, "etcdserver: key not found")
    package static let valueProvided = EtcdError(.invalidArgument, "etcdserver: value is provided")
    package static let leaseProvided = EtcdError(.invalidArgument, "etcdserver: lease is provided")
    package static let tooManyOperations = EtcdError(
        .invalidArgument, "etcdserver: too many operations in txn request")
    package static let duplicateKey = EtcdError(
        .invalidArgument, "etcdserver: duplicate key given in txn request")
    package static let invalidSortOption = EtcdError(
        .invalidArgument, "etcdserver: invalid sort option")
    package static let compacted = EtcdError(
        .outOfRange, "etcdserver: mvcc: required revision has been compacted")
    package static let futureRevision = EtcdError(
        .outOfRange, "etcdserver: mvcc: required revision is a future revision")
    package static let noSpace = EtcdError(
        .resourceExhausted, "etcdserver: mvcc: database space exceeded")
    package static let requestTooLarge = EtcdError(
        .invalidArgument, "etcdserver: request is too large")
    package static let watchCanceled = EtcdError(.canceled, "etcdserver: watch canceled")

    static let keyValueErrors: [EtcdError] = [
        .emptyKey, .keyNotFound, .valueProvided, .leaseProvided, .tooManyOperations, .duplicateKey,
        .invalidSortOption, .compacted, .futureRevision, .noSpace, .requestTooLarge, .watchCanceled,
    ]
}
