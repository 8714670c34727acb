return Managed.Peers.PeersVerbs.Run(args, Console.Out, Console.Error);
