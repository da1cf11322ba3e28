/// All metrics of the server. Names, kinds, labels and buckets are etcd's; dashboards and alerts
/// rely on them. The metrics of Go's runtime have no counterpart here.
package enum MetricCatalog {
    package static let all: [MetricDescription] =
        debugging + storage + network + server + process
}
