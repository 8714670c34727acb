namespace Managed.Ilgpu.Extensions;

/// <summary>
/// Bounds of spans within a part of a kernel. Kernels look at spans without .NET's checks; between <see cref="Begin"/> and <see cref="End"/>,
/// which stand in one block of code, an element or a part outside of a span is noted: reads and writes go to the span's first element instead, and
/// a part is empty. On the processor, where .NET checks, and with the published packages, both do nothing.
/// </summary>
public static class SpanChecks
{
    /// <summary>From here on.</summary>
    public static void Begin()
    {
    }

    /// <summary>Up to here: whether anything outside of a span was asked for.</summary>
    public static bool End() => false;
}
