internal import ClientAPI
internal import Gateway

/// The registry's timers count what services record many times at once.
extension HistogramTimer: RepeatedTimerHandler {}
