import Glibc

/// Keeps memory from growing with bursts: blocks of large requests are unmapped when they
/// are freed (setting the threshold keeps the allocator from raising it by itself, which would leave
/// them to fragment), and few arenas share the rest.
///
/// Responses of ranges, which have up to half a megabyte, stay below the threshold: mapping them for
/// each request takes a page fault for each of their pages.
func limitAllocator() {
    typealias SetOption = @convention(c) (CInt, CInt) -> CInt
    // The Glibc module does not show this function.
    guard let symbol = dlsym(nil, "mallopt") else { return }
    let setOption = unsafeBitCast(symbol, to: SetOption.self)
    for (option, value) in [
        (AllocatorOption.mapThreshold, 640 << 10), (.trimThreshold, 2 << 20), (.arenasMax, 4),
    ] {
        _ = setOption(option.rawValue, CInt(value))
    }
}

/// Options of mallopt(3), as malloc.h numbers them.
private enum AllocatorOption: CInt {
    case trimThreshold = -1
    case mapThreshold = -3
    case arenasMax = -8
}
