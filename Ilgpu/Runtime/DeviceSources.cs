namespace ILGPU.Runtime;

/// <summary>Where devices come from. Each source gives none, without complaint, where its driver is missing.</summary>
internal static class DeviceSources
{
    /// <summary>Asked in order by <see cref="Context.Builder.AllAccelerators()"/>; later kinds are preferred, see <see cref="Context.GetPreferredDevice"/>.</summary>
    public static readonly Func<IEnumerable<Device>>[] All =
    [
        () => [CPU.CPUDevice.Default],
        () => Cuda.CudaDevice.GetDevices(_ => true),
        () => OpenCL.CLDevice.GetDevices(_ => true),
    ];
}
