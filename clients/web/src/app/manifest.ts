import type { MetadataRoute } from "next";

export const dynamic = "force-static";

export default function manifest(): MetadataRoute.Manifest {
  return {
    name: "Clockwork",
    short_name: "Clockwork",
    start_url: "/",
    display: "standalone",
    background_color: "#f2f4f2",
    theme_color: "#0a5b50",
    icons: [{ src: "/icon.svg", sizes: "any", type: "image/svg+xml" }],
  };
}
