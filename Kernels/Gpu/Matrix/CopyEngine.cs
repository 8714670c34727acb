using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Managed.Kernels.Gpu.Matrix;

/// <summary>
/// Copies of boxes by the engine that GPUs from compute capability 9.0 on have for it, and the barriers in shared memory that tell when
/// they have come. A barrier's phases are numbered 0, 1, 0, 1, …
/// </summary>
internal static class CopyEngine
{
    /// <summary>The address of a map, as the engine wants it.</summary>
    public static unsafe long MapAddress(ref ulong map) => (long)Unsafe.AsPointer(ref map);

    /// <summary>The engine reads a map as the host wrote it, not an older one at the same place.</summary>
    public static void AcquireMap(long map) => CudaAsm.Emit("fence.proxy.tensormap::generic.acquire.sys [%0], 128;", map);

    /// <summary>A barrier whose phase ends after so many arrivals, and all bytes that were announced.</summary>
    public static void Initialise(uint barrier, int arrivals) => CudaAsm.Emit("mbarrier.init.shared.b64 [%0], %1;", barrier, arrivals);

    /// <summary>The barriers exist for the engine, too; a barrier of the group has to follow.</summary>
    public static void Publish() => CudaAsm.Emit("fence.mbarrier_init.release.cluster;");

    /// <summary>Arrives, and announces bytes that are yet to come in this phase.</summary>
    public static void ArriveAndExpect(uint barrier, int bytes) =>
        CudaAsm.Emit(".reg .b64 state; mbarrier.arrive.expect_tx.shared.b64 state, [%0], %1;", barrier, bytes);

    public static void Arrive(uint barrier) => CudaAsm.Emit(".reg .b64 state; mbarrier.arrive.shared.b64 state, [%0];", barrier);

    /// <summary>Waits until the phase of this number has ended.</summary>
    public static void Wait(uint barrier, uint phase)
    {
        uint ended;
        do
        {
            CudaAsm.Emit(".reg .pred ended; mbarrier.try_wait.parity.shared.b64 ended, [%1], %2; selp.b32 %0, 1, 0, ended;", out ended, barrier, phase);
        }
        while (ended == 0);
    }

    /// <summary>Begins the copy of a box of a matrix, whose bytes count for the barrier.</summary>
    public static void Load(uint shared, long map, int column, int row, uint barrier) =>
        CudaAsm.Emit("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];", shared, map, column, row, barrier);
}
