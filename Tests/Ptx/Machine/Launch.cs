namespace Managed.Tests.Ptx;

/// <summary>Extents of a grid or block, or a place in one.</summary>
internal readonly record struct Size3(int X, int Y = 1, int Z = 1)
{
    public int Count => X * Y * Z;

    public Size3 At(int linear) => new(linear % X, linear / X % Y, linear / (X * Y));

    public static implicit operator Size3(int x) => new(x);

    public static implicit operator Size3((int X, int Y) size) => new(size.X, size.Y);

    public static implicit operator Size3((int X, int Y, int Z) size) => new(size.X, size.Y, size.Z);
}

/// <summary>What a launch watches for beside the rules of PTX itself.</summary>
internal sealed record LaunchOptions
{
    public static readonly LaunchOptions Default = new();

    /// <summary>Report unordered accesses of different threads to shared memory.</summary>
    public bool FindSharedRaces { get; init; } = true;

    /// <summary>Report reads of shared memory that nobody wrote (needs FindSharedRaces).</summary>
    public bool FindUninitialisedShared { get; init; } = true;

    /// <summary>Report unordered accesses to global memory too, in a block and between blocks. Slow, and 24 bytes per byte.</summary>
    public bool FindGlobalRaces { get; init; }

    /// <summary>All blocks run at once, as in a cooperative launch: needed where they wait for each other.</summary>
    public bool Cooperative { get; init; }

    /// <summary>Largest dynamic plus static shared memory of a block; null means what GPUs of the module's target have.</summary>
    public int? SharedLimit { get; init; }

    /// <summary>Warp instructions after which a launch is given up.</summary>
    public long InstructionLimit { get; init; } = 2_000_000_000;
}

/// <summary>How often each operation ran.</summary>
internal sealed class LaunchCounters(int operations)
{
    public readonly long[] Warps = new long[operations];
    public readonly long[] Threads = new long[operations];

    public void Note(int place, uint active)
    {
        Warps[place]++;
        Threads[place] += System.Numerics.BitOperations.PopCount(active);
    }
}

/// <summary>One run of a program over a grid.</summary>
internal sealed class Launch
{
    private const int Turn = 20_000;

    public Launch(PtxMachine machine, PtxProgram program, Size3 gridSize, Size3 blockSize, int dynamicShared, byte[] arguments, LaunchOptions options)
    {
        (Machine, Program, GridSize, BlockSize, Arguments, Options) = (machine, program, gridSize, blockSize, arguments, options);
        DynamicSharedBytes = dynamicShared;
        SharedBytes = program.DynamicSharedStart + dynamicShared;
        Counters = new LaunchCounters(program.Operations.Length);
        Order = new MemoryOrder(this);
    }

    public PtxMachine Machine { get; }

    public PtxProgram Program { get; }

    public Size3 GridSize { get; }

    public Size3 BlockSize { get; }

    public int DynamicSharedBytes { get; }

    public int SharedBytes { get; }

    public byte[] Arguments { get; }

    public LaunchOptions Options { get; }

    public LaunchStatistics Statistics { get; } = new();

    public LaunchCounters Counters { get; }

    public MemoryOrder Order { get; }

    /// <summary>Counts events that order accesses; accesses between two of them have the same time.</summary>
    public uint Time { get; private set; } = 1;

    /// <summary>Instructions issued so far, for the clock registers.</summary>
    public ulong Clock { get; set; }

    /// <summary>Begins a new time and gives the one that ended.</summary>
    public uint Tick() => Time++;

    public void Run()
    {
        int resident = Options.Cooperative ? GridSize.Count : 1;
        var blocks = new Block[resident];
        for (int i = 0; i < resident; i++)
            blocks[i] = new Block(this);
        for (int first = 0; first < GridSize.Count; first += resident)
        {
            for (int i = 0; i < resident; i++)
                blocks[i].Start(first + i);
            RunTogether(blocks);
        }
        foreach ((int place, Operation operation) in Program.Operations.Index())
            Statistics.Add(operation.Class, Counters.Warps[place], Counters.Threads[place]);
    }

    private void RunTogether(Block[] blocks)
    {
        while (true)
        {
            bool progress = false;
            int done = 0;
            foreach (Block block in blocks)
            {
                if (!block.IsDone)
                    progress |= block.Step(Turn);
                done += block.IsDone ? 1 : 0;
            }
            if (done == blocks.Length)
                return;
            if (!progress)
                throw blocks.First(block => !block.IsDone).Deadlock();
            if (Counters.Warps.Sum() > Options.InstructionLimit)
                throw Program.Operations[0].Error($"more than {Options.InstructionLimit} warp instructions: the kernel does not end,"
                    + " or waits for blocks that run later (a cooperative launch runs all at once).");
        }
    }
}
