import Prometheus
internal import GRPCServices
internal import HTTPServices

/// The registry's timers record repeated equal values of the services at once.
extension HistogramTimer: RepeatedTimerHandler {}
