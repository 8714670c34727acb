using System.Collections.Immutable;
using ILGPU.Runtime;
using ILGPU.Util;

namespace ILGPU;

/// <summary>The devices of this machine that were asked for, and the accelerators made on them.</summary>
public sealed partial class Context : DisposeBase
{
    private readonly List<Accelerator> accelerators = [];
    private readonly Lock acceleratorsLock = new();

    private Context(Builder builder)
    {
        Properties = builder;
        Devices = [.. builder.Devices];
    }

    /// <summary>The version of the programming interface that this implements.</summary>
    public static string Version => "1.5.3";

    /// <summary>The devices, in the order they were asked for.</summary>
    public ImmutableArray<Device> Devices { get; }

    /// <summary>How kernels are compiled.</summary>
    public ContextProperties Properties { get; }

    /// <summary>Starts to describe a context.</summary>
    public static Builder Create() => new();

    /// <summary>A context as described.</summary>
    public static Context Create(Action<Builder> buildingCallback)
    {
        ArgumentNullException.ThrowIfNull(buildingCallback);
        Builder builder = Create();
        buildingCallback(builder);
        return builder.ToContext();
    }

    /// <summary>A context with all devices that this machine has.</summary>
    public static Context CreateDefault() => Create().Default().ToContext();

    /// <summary>One of the devices of a kind.</summary>
    public TDevice GetDevice<TDevice>(int deviceIndex)
        where TDevice : Device
    {
        DeviceCollection<TDevice> devices = GetDevices<TDevice>();
        return deviceIndex >= 0 && deviceIndex < devices.Count
            ? devices[deviceIndex]
            : throw new ArgumentOutOfRangeException(
                nameof(deviceIndex), deviceIndex, $"This context has {devices.Count} devices of the kind {typeof(TDevice).Name}.");
    }

    /// <summary>The devices of a kind.</summary>
    public DeviceCollection<TDevice> GetDevices<TDevice>()
        where TDevice : Device
        => new([.. Devices.OfType<TDevice>()]);

    /// <summary>The processor, or else the most able device: CUDA before OpenCL before the processor; of one kind the first.</summary>
    public Device GetPreferredDevice(bool preferCPU)
        => GetPreferredDevices(preferCPU, matchingDevicesOnly: false).FirstOrDefault()
            ?? throw new InvalidOperationException("This context has no devices: ask for some, e.g. Context.Create(builder => builder.AllAccelerators()).");

    /// <summary>The devices in the order of preference.</summary>
    /// <param name="preferCPU">Whether the processor comes first.</param>
    /// <param name="matchingDevicesOnly">Whether to leave off the other kinds.</param>
    public IEnumerable<Device> GetPreferredDevices(bool preferCPU, bool matchingDevicesOnly)
        => Devices
            .Where(device => !matchingDevicesOnly || preferCPU == (device.AcceleratorType == AcceleratorType.CPU))
            .OrderBy(device => device.AcceleratorType switch
            {
                AcceleratorType.CPU => preferCPU ? 0 : 3,
                AcceleratorType.Cuda => 1,
                _ => 2,
            });

    /// <summary>Goes through the devices.</summary>
    public ImmutableArray<Device>.Enumerator GetEnumerator() => Devices.GetEnumerator();

    internal void Remember(Accelerator accelerator)
    {
        VerifyNotDisposed();
        lock (acceleratorsLock)
        {
            accelerators.Add(accelerator);
        }
    }

    internal void Forget(Accelerator accelerator)
    {
        lock (acceleratorsLock)
        {
            accelerators.Remove(accelerator);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Accelerator[] alive;
        lock (acceleratorsLock)
        {
            alive = [.. accelerators];
        }
        foreach (Accelerator accelerator in alive)
        {
            accelerator.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>Some devices of one kind.</summary>
    /// <typeparam name="TDevice">The kind.</typeparam>
    public readonly struct DeviceCollection<TDevice>
        where TDevice : Device
    {
        private readonly ImmutableArray<TDevice> devices;

        internal DeviceCollection(ImmutableArray<TDevice> devices) => this.devices = devices;

        /// <summary>How many there are.</summary>
        public int Count => devices.Length;

        /// <summary>One of them.</summary>
        public TDevice this[int deviceIndex] => devices[deviceIndex];

        /// <summary>Goes through them.</summary>
        public ImmutableArray<TDevice>.Enumerator GetEnumerator() => devices.GetEnumerator();
    }
}
