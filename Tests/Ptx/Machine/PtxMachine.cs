using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Managed.Tests.Ptx;

/// <summary>A GPU in software: memory with 64-bit addresses, and launches of the entries of modules.</summary>
internal sealed class PtxMachine
{
    /// <summary>Allocations lie this far apart, so that running over the end of one meets no other.</summary>
    private const ulong Gap = 4096;

    private readonly List<MemoryRegion> _regions = [];
    private readonly HashSet<PtxModule> _modules = [];
    private ulong _next = 0x7F00_0000_0000;

    /// <summary>Allocates memory, filled with a pattern that is neither zero nor a likely number; aligned to 256 bytes.</summary>
    public ulong Allocate(int bytes, string? name = null)
    {
        byte[] data = new byte[bytes];
        data.AsSpan().Fill(0xCB);
        ulong start = _next;
        Map(new MemoryRegion(start, data, false, name ?? $"allocation of {bytes} bytes"));
        _next = (start + (ulong)bytes + Gap + 255) & ~255UL;
        return start;
    }

    public ulong Allocate<T>(ReadOnlySpan<T> values, string? name = null) where T : unmanaged
    {
        ulong start = Allocate(MemoryMarshal.AsBytes(values).Length, name);
        Write(start, values);
        return start;
    }

    public void Free(ulong address)
    {
        int index = _regions.FindIndex(region => region.Start == address && !region.IsConstant);
        if (index < 0)
            throw new ArgumentException($"0x{address:X} is not the start of an allocation.");
        _regions.RemoveAt(index);
    }

    public void Write<T>(ulong address, ReadOnlySpan<T> values) where T : unmanaged =>
        MemoryMarshal.AsBytes(values).CopyTo(Span(address, MemoryMarshal.AsBytes(values).Length));

    public T[] Read<T>(ulong address, int count) where T : unmanaged
    {
        T[] values = new T[count];
        Span(address, MemoryMarshal.AsBytes(values.AsSpan()).Length).CopyTo(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    /// <summary>The bytes at an address themselves.</summary>
    public Span<byte> Span(ulong address, int bytes)
    {
        MemoryRegion region = FindRegion(address, bytes)
            ?? throw new ArgumentException($"{bytes} bytes at 0x{address:X} are in no allocation{DescribeNear(address)}.");
        return region.Data.AsSpan((int)(address - region.Start), bytes);
    }

    /// <summary>The address of a module's .global or .const variable.</summary>
    public ulong AddressOf(PtxModule module, string variable)
    {
        MapVariables(module);
        return module.AddressOf(variable);
    }

    /// <summary>Runs an entry. Every argument fills one slot of 8 bytes, of which a parameter takes the low ones it needs (as the launcher marshals them).</summary>
    public LaunchStatistics Launch(
        PtxModule module, string entry, Size3 grid, Size3 block, int dynamicShared, ReadOnlySpan<ulong> arguments, LaunchOptions? options = null)
    {
        FunctionSyntax function = module.Entry(entry);
        if (arguments.Length != function.Parameters.Length)
            throw function.Error($"{entry} has {function.Parameters.Length} parameters, the launch gives {arguments.Length} arguments.");
        byte[] bytes = new byte[function.ParameterBytes];
        Span<byte> slot = stackalloc byte[8];
        foreach ((int index, Parameter parameter) in function.Parameters.Index())
        {
            if (parameter.Bytes > 8)
                throw function.Error($"parameter {parameter.Name} has {parameter.Bytes} bytes; give the arguments as bytes.");
            BinaryPrimitives.WriteUInt64LittleEndian(slot, arguments[index]);
            slot[..parameter.Bytes].CopyTo(bytes.AsSpan(parameter.Offset));
        }
        return LaunchWithBytes(module, entry, grid, block, dynamicShared, bytes, options);
    }

    /// <summary>Runs an entry with its parameters given as bytes at their offsets.</summary>
    public LaunchStatistics LaunchWithBytes(
        PtxModule module, string entry, Size3 grid, Size3 block, int dynamicShared, byte[] parameters, LaunchOptions? options = null)
    {
        options ??= LaunchOptions.Default;
        FunctionSyntax function = module.Entry(entry);
        PtxProgram program = module.Program(entry);
        CheckLaunch(function, program, grid, block, dynamicShared, parameters, options.SharedLimit ?? module.Target.SharedMemoryLimit);
        MapVariables(module);
        foreach (MemoryRegion region in _regions)
            region.ForgetLaunch();
        foreach (Operation operation in program.Operations)
            operation.LastRegion = null;
        var launch = new Launch(this, program, grid, block, dynamicShared, parameters, options);
        launch.Run();
        return launch.Statistics;
    }

    private static void CheckLaunch(FunctionSyntax function, PtxProgram program, Size3 grid, Size3 block, int dynamicShared, byte[] parameters, int sharedLimit)
    {
        if (grid.X < 1 || grid.Y is < 1 or > 65535 || grid.Z is < 1 or > 65535)
            throw function.Error($"a grid of {grid} is not allowed.");
        if (block.X is < 1 or > 1024 || block.Y is < 1 or > 1024 || block.Z is < 1 or > 64 || block.Count > 1024)
            throw function.Error($"a block of {block} is not allowed: at most 1024 threads.");
        // extents that .reqntid leaves out are 1
        if (function.Directives.TryGetValue("reqntid", out int[]? required) && !required.Concat([1, 1]).Take(3).SequenceEqual([block.X, block.Y, block.Z]))
            throw function.Error($"{function.Name} requires blocks of {string.Join(" x ", required)}, the launch has {block}.");
        if (function.Directives.TryGetValue("maxntid", out int[]? most) && block.Count > most.Aggregate(1, (a, b) => a * b))
            throw function.Error($"{function.Name} allows blocks of at most {string.Join(" x ", most)} threads, the launch has {block}.");
        if (program.DynamicSharedStart + dynamicShared > sharedLimit)
            throw function.Error($"{program.DynamicSharedStart} bytes of static and {dynamicShared} of dynamic shared memory exceed {sharedLimit}.");
        if (parameters.Length != function.ParameterBytes)
            throw function.Error($"{function.Name} takes {function.ParameterBytes} bytes of parameters, the launch gives {parameters.Length}.");
    }

    private void MapVariables(PtxModule module)
    {
        if (!_modules.Add(module))
            return;
        foreach (MemoryRegion region in module.MakeVariables())
            Map(region);
    }

    private void Map(MemoryRegion region)
    {
        int index = _regions.FindIndex(other => other.Start > region.Start);
        _regions.Insert(index < 0 ? _regions.Count : index, region);
    }

    public MemoryRegion? FindRegion(ulong address, int bytes)
    {
        int low = 0, high = _regions.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_regions[middle].Start <= address)
                low = middle + 1;
            else
                high = middle;
        }
        return low > 0 && _regions[low - 1].Contains(address, bytes) ? _regions[low - 1] : null;
    }

    /// <summary>Says which allocation an address is nearest to, for messages.</summary>
    public string DescribeNear(ulong address)
    {
        MemoryRegion? before = _regions.LastOrDefault(region => region.Start <= address);
        return before is null ? "" : $"; the nearest before is {before.Name} at 0x{before.Start:X}, {before.Data.Length} bytes";
    }
}
